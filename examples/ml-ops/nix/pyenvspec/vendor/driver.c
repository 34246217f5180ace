// Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
/* Lets this Python, and nothing that it starts, find the NVIDIA driver. Built twice: as a library that is loaded before Python
 * starts, through DT_NEEDED (so it holds for `python -I -S -E` too), and with -DWITH_DRIVER as the command `with-driver CMD…`.
 *
 * A driver belongs to the running kernel, so its folder is known only at run time, and on the machine that runs the program: a
 * job of a cluster starts elsewhere than its shell. ld.so takes folders only at the start of a process. Hence: before Python
 * starts, put the driver's folder on LD_LIBRARY_PATH and execute the same file again; the second time, put LD_LIBRARY_PATH back.
 * ld.so has read it by then.
 *
 * On an ordinary Linux the driver lies in the folder of the system's libc, which must not be searched whole: links to the driver's
 * files alone are made in the user's cache, in a folder named by what it links to. It is complete from the first moment on and
 * never changes, so nobody needs a lock.
 *
 * May be built with a newer glibc than that of this Python: old functions only, fstat by its system call.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SEARCH "LD_LIBRARY_PATH"
/* "=VALUE" when LD_LIBRARY_PATH had one, "" when it was unset; only there between the two executions. */
#define OUTER "PYENVSPEC_OUTER_LIBRARY_PATH"
#define FNV 14695981039346656037ULL
#define LIBCUDA "libcuda.so.1"
#define SYSTEM_CACHE "/etc/ld.so.cache"

#ifndef EGL_VENDORS /* files of the shell's own Mesa, after those of the driver */
#define EGL_VENDORS ""
#endif
#ifndef VULKAN_DRIVERS
#define VULKAN_DRIVERS ""
#endif

/* What a driver of NVIDIA consists of, for computing, video and graphics. */
static const char *const DRIVER_FILES[] = {
    "libcuda.so",       "libcudadebugger.so", "libnvcuvid.so",         "libnvidia-",           "libnvoptix.so",  "libnvrm",
    "libnvos.so",       "libnvsci",           "libEGL_nvidia.so",      "libGLX_nvidia.so",     "libGLESv",       "libvdpau_nvidia.so",
    "libnvcucompat.so",
};

static int is_file(const char *folder, const char *name)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length > 0 && (size_t)length < sizeof path && access(path, R_OK) == 0;
}

static int is_of_driver(const char *name)
{
    for (size_t i = 0; i < sizeof DRIVER_FILES / sizeof DRIVER_FILES[0]; i++)
        if (strncmp(name, DRIVER_FILES[i], strlen(DRIVER_FILES[i])) == 0)
            /* libGLESv2_nvidia.so.2 is, libGLESv2.so.2 is glvnd's. */
            return strstr(name, strncmp(name, "libGLESv", 8) == 0 ? "_nvidia.so" : ".so") != NULL;
    return 0;
}

/* ---- the system's list of libraries, as glibc has read it since 2.2 (sysdeps/generic/dl-cache.h) ---- */

#if defined(__x86_64__)
#define ABI 0x0303
#elif defined(__aarch64__)
#define ABI 0x0a03
#else
#define ABI 0x0003
#endif

struct entry {
    int32_t flags;
    uint32_t key, value, version;
    uint64_t hardware;
};

struct list {
    void *whole;
    const char *start; /* of the new format, which follows the old one in caches of a glibc before 2.32 */
    size_t length, size, count;
};

static int read_list(struct list *list)
{
    static const char magic[] = "glibc-ld.so.cache1.1";
    const char *path = getenv("PYENVSPEC_LINKER_CACHE");
    struct stat status;
    uint32_t count;
    char *content;
    int file = open(path != NULL && path[0] == '/' ? path : SYSTEM_CACHE, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    content = MAP_FAILED;
    if (syscall(SYS_fstat, file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 48)
        content = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (content == MAP_FAILED)
        return 0;
    list->whole = content;
    list->start = content;
    list->length = list->size = (size_t)status.st_size;
    if (memcmp(content, "ld.so-1.7.0", 11) == 0) {
        memcpy(&count, content + 12, sizeof count);
        size_t skipped = (16 + 12 * (size_t)count + 7) & ~(size_t)7;
        if (skipped + 48 > list->size)
            return 0;
        list->start += skipped;
        list->size -= skipped;
    }
    if (memcmp(list->start, magic, sizeof magic - 1) != 0)
        return 0;
    memcpy(&count, list->start + 20, sizeof count);
    list->count = count;
    return list->count <= (list->size - 48) / sizeof(struct entry);
}

/* ---- the driver's files: what the list names, or a folder holds ---- */

struct files {
    char *paths[256];
    size_t count;
    unsigned long long stamp; /* of all paths, FNV-1a */
};

static void add_file(struct files *files, const char *path)
{
    char *kept;
    if (files->count == sizeof files->paths / sizeof files->paths[0] || (kept = strdup(path)) == NULL)
        return;
    files->paths[files->count++] = kept;
    for (const char *c = path;; c++) {
        files->stamp = (files->stamp ^ (unsigned char)*c) * 1099511628211ULL;
        if (*c == '\0')
            break;
    }
}

static void add_listed(struct files *files, const struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct entry entry;
        const char *path;
        memcpy(&entry, list->start + 48 + i * sizeof entry, sizeof entry);
        if (entry.flags != ABI || entry.value >= list->size)
            continue;
        path = list->start + entry.value;
        if (path[0] == '/' && memchr(path, '\0', list->size - entry.value) != NULL &&
            is_of_driver(strrchr(path, '/') + 1) && strstr(path, "/glibc-hwcaps/") == NULL)
            add_file(files, path);
    }
}

static void add_folder(struct files *files, const char *folder)
{
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return;
    while ((entry = readdir(listing)) != NULL)
        if (is_of_driver(entry->d_name) && snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path)
            add_file(files, path);
    closedir(listing);
}

/* ---- the folder of links ---- */

/* A folder that only this user may write to; made where it is missing. */
static int is_own_folder(const char *path)
{
    struct stat status;
    int folder, own;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return 0;
    folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return 0;
    own = syscall(SYS_fstat, folder, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 022) == 0;
    close(folder);
    return own;
}

static int make_folders(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && access(path, X_OK) != 0) {
            *slash = '/';
            return 0;
        }
    }
    return mkdir(path, 0777) == 0 || access(path, W_OK) == 0;
}

/* The draft is renamed when it is complete; another that came first is as good. */
static int link_files(const struct files *files, const char *links)
{
    char draft[PATH_MAX], link[PATH_MAX];
    int done = snprintf(draft, sizeof draft, "%s.%ld", links, (long)getpid()) < (int)sizeof draft && mkdir(draft, 0755) == 0;
    for (size_t i = 0; i < files->count && done; i++) {
        int length = snprintf(link, sizeof link, "%s%s", draft, strrchr(files->paths[i], '/'));
        /* The first is the one that the system itself would take. */
        done = length < (int)sizeof link && (symlink(files->paths[i], link) == 0 || errno == EEXIST);
    }
    if (done && rename(draft, links) == 0)
        return 1;
    for (size_t i = 0; i < files->count; i++)
        if (snprintf(link, sizeof link, "%s%s", draft, strrchr(files->paths[i], '/')) < (int)sizeof link)
            unlink(link);
    rmdir(draft);
    return is_file(links, LIBCUDA);
}

/* `links` has room for a path. */
static int links_below(const char *base, const struct files *files, char *links)
{
    int length = snprintf(links, PATH_MAX, "%s/%016llx", base, files->stamp);
    return length < PATH_MAX - 16 && (is_file(links, LIBCUDA) || link_files(files, links));
}

/* In the user's cache; where there is no such place, or none to write to, in a folder of this user's below /tmp. */
static const char *linked_folder(const struct files *files, char *links)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char base[PATH_MAX];
    int length = 0;
    if (cache != NULL && cache[0] == '/')
        length = snprintf(base, sizeof base, "%s/pyenvspec/driver", cache);
    else if (home != NULL && home[0] == '/')
        length = snprintf(base, sizeof base, "%s/.cache/pyenvspec/driver", home);
    if (length > 0 && length < (int)sizeof base && make_folders(base) && links_below(base, files, links))
        return links;
    snprintf(base, sizeof base, "/tmp/pyenvspec-driver-%lu", (unsigned long)geteuid());
    return is_own_folder(base) && links_below(base, files, links) ? links : NULL;
}

/* Links to these files where the first libcuda of theirs is there; its folder itself only where nothing can be written. */
static const char *folder_of(const struct files *files, char *buffer)
{
    const char *libcuda = NULL, *links;
    for (size_t i = 0; i < files->count && libcuda == NULL; i++)
        if (strcmp(strrchr(files->paths[i], '/') + 1, LIBCUDA) == 0 && access(files->paths[i], R_OK) == 0)
            libcuda = files->paths[i];
    if (libcuda == NULL || strlen(libcuda) >= PATH_MAX)
        return NULL;
    if ((links = linked_folder(files, buffer)) != NULL)
        return links;
    strcpy(buffer, libcuda);
    *strrchr(buffer, '/') = '\0';
    return is_file(buffer, "libc.so.6") ? NULL : buffer;
}

static const char *take_folder(struct files *files, char *buffer)
{
    const char *found = folder_of(files, buffer);
    while (files->count > 0)
        free(files->paths[--files->count]);
    return found;
}

/* Where the system's own loader would take the driver from. */
static const char *listed_folder(char *buffer)
{
    struct list list = {NULL, NULL, 0, 0, 0};
    struct files files = {.count = 0, .stamp = FNV};
    if (read_list(&list))
        add_listed(&files, &list);
    if (list.whole != NULL)
        munmap(list.whole, list.length);
    return take_folder(&files, buffer);
}

/* In a container the driver was put in without telling a loader: into a folder that is empty besides in an image of ours, and
 * that holds the system's libc in one over a distribution. */
static const char *container_folder(char *buffer)
{
    static const char *const known[] = {"/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                                        "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct files files = {.count = 0, .stamp = FNV};
        const char *found;
        if (!is_file(known[i], LIBCUDA))
            continue;
        if (!is_file(known[i], "libc.so.6"))
            return known[i];
        add_folder(&files, known[i]);
        if ((found = take_folder(&files, buffer)) != NULL)
            return found;
    }
    return NULL;
}

/* `buffer` has room for a path. */
static const char *driver_folder(char *buffer)
{
    /* Said by the user, NixOS, WSL, Kubernetes at Google, Apptainer. */
    const char *known[] = {getenv("PYENVSPEC_DRIVER"), "/run/opengl-driver/lib",  "/usr/lib/wsl/lib",
                           "/usr/local/nvidia/lib64",  "/usr/local/nvidia/lib", "/.singularity.d/libs"};
    const char *found;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] != NULL && known[i][0] == '/' && is_file(known[i], LIBCUDA))
            return known[i];
    found = listed_folder(buffer);
    return found != NULL ? found : container_folder(buffer);
}

/* ---- what asks by variable; what the user has set stays ---- */

/* A list of files: that of NVIDIA's, what the system has beside it, those of the shell's own Mesa. */
static void set_files(const char *name, const char *nvidia, const char *beside, const char *own)
{
    const char *parts[] = {nvidia, *nvidia && access(beside, R_OK) == 0 ? beside : "", own};
    char all[3 * PATH_MAX] = "";
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (*parts[i]) {
            size_t used = strlen(all);
            snprintf(all + used, sizeof all - used, "%s%s", used ? ":" : "", parts[i]);
        }
    if (*all)
        setenv(name, all, 0);
}

static const char *first_file(const char *const *paths)
{
    for (; *paths != NULL; paths++)
        if (access(*paths, R_OK) == 0)
            return *paths;
    return "";
}

static void tell_by_variable(const char *folder)
{
    static const char *const egl[] = {"/run/opengl-driver/share/glvnd/egl_vendor.d/10_nvidia.json",
                                      "/usr/share/glvnd/egl_vendor.d/10_nvidia.json",
                                      "/etc/glvnd/egl_vendor.d/10_nvidia.json",
                                      "/usr/local/nvidia/share/glvnd/egl_vendor.d/10_nvidia.json", NULL};
    /* NixOS names the machine in it; Kubernetes at Google has no share/. */
    static const char *const vulkan[] = {"/run/opengl-driver/share/vulkan/icd.d/nvidia_icd.x86_64.json",
                                         "/usr/share/vulkan/icd.d/nvidia_icd.json",
                                         "/etc/vulkan/icd.d/nvidia_icd.json",
                                         "/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json",
                                         "/usr/local/nvidia/vulkan/icd.d/nvidia_icd.json", NULL};
    int draws = folder != NULL && is_file(folder, "libEGL_nvidia.so.0");
    int draws_vulkan = folder != NULL && is_file(folder, "libGLX_nvidia.so.0");
    if (folder != NULL)
        /* Triton asks /sbin/ldconfig otherwise, which NixOS does not have. */
        setenv("TRITON_LIBCUDA_PATH", folder, 0);
    set_files("__EGL_VENDOR_LIBRARY_FILENAMES", draws ? first_file(egl) : "", "/usr/share/glvnd/egl_vendor.d/50_mesa.json", EGL_VENDORS);
    set_files("VK_ADD_DRIVER_FILES", draws_vulkan ? first_file(vulkan) : "", "", VULKAN_DRIVERS);
}

/* The folder before what is there already; NULL when there is no memory for it. */
static char *extended(const char *folder)
{
    const char *before = getenv(SEARCH);
    size_t size = strlen(folder) + (before ? strlen(before) : 0) + 2;
    char *search = malloc(size);
    if (search != NULL)
        snprintf(search, size, "%s%s%s", folder, before && *before ? ":" : "", before ? before : "");
    return search;
}

#ifdef WITH_DRIVER

int main(int argc, char **argv)
{
    char buffer[PATH_MAX];
    const char *folder;
    char *search;
    if (argc < 2) {
        fputs("usage: with-driver CMD [ARGUMENT…]: run a program that finds the NVIDIA driver of this machine\n", stderr);
        return 2;
    }
    folder = driver_folder(buffer);
    tell_by_variable(folder);
    if (folder != NULL && (search = extended(folder)) != NULL)
        setenv(SEARCH, search, 1);
    execvp(argv[1], argv + 1);
    fprintf(stderr, "with-driver: %s: %s\n", argv[1], strerror(errno));
    return errno == ENOENT ? 127 : 126;
}

#else

static void restore(const char *outer)
{
    if (outer[0] == '=')
        setenv(SEARCH, outer + 1, 1);
    else
        unsetenv(SEARCH);
    unsetenv(OUTER);
}

/* Sets both variables; 0 when there is no memory for it. */
static int extend(const char *folder)
{
    const char *before = getenv(SEARCH);
    size_t size = (before ? strlen(before) : 0) + 2;
    char *search = extended(folder), *outer = malloc(size);
    int done = 0;
    if (search != NULL && outer != NULL) {
        snprintf(outer, size, "%s%s", before ? "=" : "", before ? before : "");
        done = setenv(OUTER, outer, 1) == 0 && setenv(SEARCH, search, 1) == 0;
    }
    free(search);
    free(outer);
    return done;
}

__attribute__((constructor)) static void find_driver(int argc, char **argv, char **envp)
{
    extern char **environ;
    char buffer[PATH_MAX], self[PATH_MAX];
    const char *outer = getenv(OUTER), *folder;
    ssize_t length;
    (void)argc;
    (void)envp;
    if (outer != NULL) {
        restore(outer);
        return;
    }
    folder = driver_folder(buffer);
    tell_by_variable(folder);
    length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (folder == NULL || length <= 0 || !extend(folder))
        return;
    self[length] = '\0';
    execve(self, argv, environ);
    /* Only reached when that failed: go on without a driver. */
    restore(getenv(OUTER));
}

#endif
