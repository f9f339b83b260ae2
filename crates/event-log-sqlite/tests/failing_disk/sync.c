/* fsync and fdatasync as on a disk that fails while the file named by FAILING_DISK exists; each failure adds a line to
   it, the path of what it failed for, and as on a real disk the next attempt could succeed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int fails(int synced) {
    const char *name = getenv("FAILING_DISK");
    int file = name ? open(name, O_WRONLY | O_APPEND) : -1;
    if (file < 0) return 0;
    char link[32], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", synced);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) abort();
    path[length] = '\n';
    if (write(file, path, (size_t)length + 1) != length + 1) abort();
    close(file);
    errno = EIO;
    return 1;
}

static int sync_with(const char *name, int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return fails(file) ? -1 : real(file);
}

int fsync(int file) { return sync_with("fsync", file); }
int fdatasync(int file) { return sync_with("fdatasync", file); }
