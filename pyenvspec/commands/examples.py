"""What each `--help` ends with: command lines to start from; a test parses each of them."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "init": (
        "pyenvspec init",
        "pyenvspec init --from environment.yml --dry-run",
        "pyenvspec init --template cuda",
    ),
    "compile": ("pyenvspec compile", "pyenvspec compile --check", "pyenvspec compile --diff"),
    "shell": (
        "pyenvspec shell",
        "pyenvspec shell cpu",
        "pyenvspec shell -- python train.py",
        "pyenvspec shell --host -- python train.py",
    ),
    "search": ("pyenvspec search libgl1-mesa-glx", "pyenvspec search speech recognition"),
    "add": ("pyenvspec add ffmpeg libsndfile1", "pyenvspec add libGL.so.1 cuda.nccl"),
    "remove": ("pyenvspec remove ffmpeg",),
    "lock": ("pyenvspec lock",),
    "update": ("pyenvspec update", "pyenvspec update nixpkgs"),
    "check": ("pyenvspec check", "pyenvspec check --json -C ../other"),
    "list": ("pyenvspec list", "pyenvspec list cpu --json"),
    "outdated": ("pyenvspec outdated", "pyenvspec outdated --offline"),
    "explain": ("pyenvspec explain cuda.version", "pyenvspec explain --plan"),
    "diagnose": ("pyenvspec diagnose build.log", "nix develop 2>&1 | pyenvspec diagnose"),
    "doctor": ("pyenvspec doctor", "pyenvspec doctor --online"),
    "container": (
        "pyenvspec container build",
        "pyenvspec container load train --engine podman",
        "pyenvspec container run -- python -m app",
    ),
    "export": ("pyenvspec export dockerfile > Dockerfile", "pyenvspec export conda > environment.yml"),
    "run": ("pyenvspec run cluster -- python train.py", "pyenvspec run cluster --dry-run -- python train.py"),
    "cache": ("pyenvspec cache push",),
    "ship": ("pyenvspec ship user@cluster.example",),
    "kernel": ("pyenvspec kernel install", "pyenvspec kernel remove cpu"),
    "clean": ("pyenvspec clean --dry-run", "pyenvspec clean --all --yes"),
    "info": ("pyenvspec info",),
    "completion": ("pyenvspec completion install", "pyenvspec completion zsh"),
    "get-nix": ("pyenvspec get-nix", "pyenvspec get-nix --undo"),
    "lsp": ("pyenvspec lsp --stdio",),
    "schema": ("pyenvspec schema > env.schema.json",),
}
