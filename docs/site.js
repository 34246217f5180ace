// A table or a listing that is wider than its place can be scrolled by keyboard too.
window.addEventListener("load", () => {
  for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap, pre > code")) wrap.tabIndex = 0;
});
