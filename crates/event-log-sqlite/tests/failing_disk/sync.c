/* fsync and fdatasync as on a disk that fails while the file named by FAILING_DISK exists; each failure adds a byte
   to it, and as on a real disk the next attempt could succeed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int fails(void) {
    const char *name = getenv("FAILING_DISK");
    int file = name ? open(name, O_WRONLY | O_APPEND) : -1;
    if (file < 0) return 0;
    if (write(file, "!", 1) != 1) abort();
    close(file);
    errno = EIO;
    return 1;
}

static int sync_with(const char *name, int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return fails() ? -1 : real(file);
}

int fsync(int file) { return sync_with("fsync", file); }
int fdatasync(int file) { return sync_with("fdatasync", file); }
