// Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
/* Lets this Python, and nothing that it starts, find the NVIDIA driver.
 *
 * A driver belongs to the running kernel, so its folder is known only at run time, and ld.so takes folders only at the start of a
 * process. Hence: before Python starts, put the driver's folder on LD_LIBRARY_PATH and execute the same file again; the second
 * time, put LD_LIBRARY_PATH back. ld.so has read it by then. This is loaded through DT_NEEDED, so it also holds for `python -I -S -E`.
 *
 * Built with a glibc that may be newer than the one of this Python: use old functions only (no stat).
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SEARCH "LD_LIBRARY_PATH"
/* "=VALUE" when LD_LIBRARY_PATH had one, "" when it was unset; only there between the two executions. */
#define OUTER "PYENVSPEC_OUTER_LIBRARY_PATH"

static int has_library(const char *folder, const char *name)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length > 0 && (size_t)length < sizeof path && access(path, R_OK) == 0;
}

static int has_driver(const char *folder)
{
    return has_library(folder, "libcuda.so.1");
}

static int is_of_driver(const char *name)
{
    static const char *starts[] = {"libcuda.so", "libcudadebugger.so", "libnvcuvid.so", "libnvidia-", "libnvoptix.so"};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (strncmp(name, starts[i], strlen(starts[i])) == 0)
            return strstr(name, ".so") != NULL;
    return 0;
}

/* Links to the driver's libraries in a new folder that nobody else can write; 0 where that fails. What this process starts
 * finds it by PYENVSPEC_DRIVER. */
static int link_driver(const char *from, char *folder, size_t size)
{
    char target[PATH_MAX], link[PATH_MAX];
    const char *base = getenv("TMPDIR");
    struct dirent *entry;
    DIR *listing;
    int length =
        snprintf(folder, size, "%s/pyenvspec-driver-XXXXXX", base != NULL && base[0] == '/' ? base : "/tmp");
    if (length < 0 || (size_t)length >= size || (listing = opendir(from)) == NULL)
        return 0;
    if (mkdtemp(folder) == NULL) {
        closedir(listing);
        return 0;
    }
    while ((entry = readdir(listing)) != NULL) {
        int fits = snprintf(target, sizeof target, "%s/%s", from, entry->d_name) < (int)sizeof target &&
                   snprintf(link, sizeof link, "%s/%s", folder, entry->d_name) < (int)sizeof link;
        if (fits && is_of_driver(entry->d_name) && symlink(target, link) != 0)
            break;
    }
    closedir(listing);
    setenv("PYENVSPEC_DRIVER", folder, 1);
    return has_driver(folder);
}

/* Where the entry of the shell links the driver of an ordinary Linux: its own folder also holds the host's libc. */
static int host_folder(char *folder, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct utsname host;
    int length;
    if (uname(&host) != 0)
        return 0;
    if (cache != NULL && cache[0] == '/')
        length = snprintf(folder, size, "%s/pyenvspec/driver/%s", cache, host.nodename);
    else if (home != NULL && home[0] == '/')
        length = snprintf(folder, size, "%s/.cache/pyenvspec/driver/%s", home, host.nodename);
    else
        return 0;
    return length > 0 && (size_t)length < size;
}

/* In a container the driver is put into the folder of the system's libraries, where our images have none; an image over a
 * distribution has its libc there, and then only links to the driver may be searched. */
static const char *container_folder(char *buffer, size_t size)
{
    static const char *places[] = {
        "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/.singularity.d/libs", "/usr/lib64",
        "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu"};
    if (getenv("PYENVSPEC_IMAGE") == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (!has_driver(places[i]))
            continue;
        if (!has_library(places[i], "libc.so.6"))
            return places[i];
        if (link_driver(places[i], buffer, size))
            return buffer;
    }
    return NULL;
}

static const char *driver_folder(char *buffer, size_t size)
{
    const char *known[] = {getenv("PYENVSPEC_DRIVER"), "/run/opengl-driver/lib", "/usr/lib/wsl/lib"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] != NULL && known[i][0] == '/' && has_driver(known[i]))
            return known[i];
    if (host_folder(buffer, size) && has_driver(buffer))
        return buffer;
    return container_folder(buffer, size);
}

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
    size_t size = strlen(folder) + (before ? strlen(before) : 0) + 2;
    char *search = malloc(size), *outer = malloc(size);
    int done = 0;
    if (search != NULL && outer != NULL) {
        snprintf(search, size, "%s%s%s", folder, before && *before ? ":" : "", before ? before : "");
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
    folder = driver_folder(buffer, sizeof buffer);
    length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (folder == NULL || length <= 0 || !extend(folder))
        return;
    self[length] = '\0';
    execve(self, argv, environ);
    /* Only reached when that failed: go on without a driver. */
    restore(getenv(OUTER));
}
