/* A disk of which one knows what a power cut would leave. Preloaded into a process, it writes down in DISK_JOURNAL what
   that process does to the files below DISK_BELOW: each change of bytes, each change of names, and which of them a
   completed fsync covers. The process itself works on the real files and notices nothing. After a kill -9 the test lays
   from the journal what the disk would hold: everything that was synced, and of the rest what chance keeps.

   What makes it faithful:
   - A change and its line in the journal are one step under one lock, so the journal has the order that the files had.
   - An fsync covers what was written before it began, and nothing of what another thread wrote meanwhile.
   - Names are kept apart from bytes: a file that was made, renamed or removed is so after a power cut only where its
     directory was synced. File systems promise more; programs may not count on it.
   - A call that changes a file in a way that is not known here ends the process: nothing is left out in silence. The test
     compares once what the journal tells with what really lies there.

   What it is not: a disk that lies by itself. Sectors are whole or old, never garbage, and what was synced stays. It does
   not know maps of files into memory: the one that SQLite has (-shm) holds nothing that must outlive the process, and is
   left out.

   With DISK_LIES set, an fsync reports success and covers nothing: the control, by which the test is seen to fail. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *below;
static int journal = -1;
static uint64_t written; /* how many lines the journal has */

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("DISK_JOURNAL");
    below = getenv("DISK_BELOW");
    if (!name || !below) return;
    journal = REAL(open)(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (journal < 0) abort();
}

/* What a line of the journal begins with; `length` bytes follow it. */
struct line {
    uint64_t kind, file, at, length;
};

/* Under the lock. A line that a kill cuts off is the last one, and as if it had never begun. */
static void tell(char kind, uint64_t file, uint64_t at, const void *bytes, size_t length) {
    struct line line = {(uint64_t)kind, file, at, length};
    struct iovec parts[] = {{&line, sizeof line}, {(void *)bytes, length}};
    if (REAL(writev)(journal, parts, 2) != (ssize_t)(sizeof line + length)) abort();
    written++;
}

static int is_below(const char *path) {
    size_t length = strlen(below), all = strlen(path);
    if (strncmp(path, below, length) != 0 || (path[length] != '/' && path[length] != 0)) return 0;
    return all < 4 || strcmp(path + all - 4, "-shm") != 0;
}

/* Whether an open file or directory is one of ours, and which. */
static int ours(int fd, struct stat *found) {
    char link[32], path[PATH_MAX];
    if (journal < 0 || fstat(fd, found) != 0) return 0;
    if (!S_ISREG(found->st_mode) && !S_ISDIR(found->st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/* Where a name is: its directory and the last part, where that directory is one of ours. */
struct place {
    uint64_t directory;
    char name[NAME_MAX + 1];
};

static int placed(int from, const char *path, struct place *place) {
    char beside[PATH_MAX], whole[PATH_MAX + 64], real[PATH_MAX];
    if (journal < 0 || strlen(path) >= sizeof beside) return 0;
    strcpy(beside, path);
    size_t end = strlen(beside);
    while (end > 1 && beside[end - 1] == '/') beside[--end] = 0;
    char *slash = strrchr(beside, '/');
    const char *name = slash ? slash + 1 : beside;
    if (!*name || strlen(name) > NAME_MAX) return 0;
    strcpy(place->name, name);
    const char *directory = !slash ? "." : slash == beside ? "/" : (*slash = 0, beside);
    if (directory[0] == '/' || from == AT_FDCWD) snprintf(whole, sizeof whole, "%s", directory);
    else snprintf(whole, sizeof whole, "/proc/self/fd/%d/%s", from, directory);
    struct stat found;
    if (!realpath(whole, real) || stat(real, &found) != 0) return 0;
    place->directory = found.st_ino;
    size_t room = strlen(real);
    snprintf(real + room, sizeof real - room, "/%s", place->name);
    return is_below(real) && strcmp(real, below) != 0;
}

static void unknown(int fd, const char *call) {
    struct stat found;
    if (!ours(fd, &found)) return;
    fprintf(stderr, "the disk of the test does not know %s: teach it\n", call);
    abort();
}

static int open_at(int from, const char *path, int flags, mode_t mode) {
    struct place place;
    struct stat found;
    int changes = flags & (O_CREAT | O_TRUNC) && (flags & O_TMPFILE) != O_TMPFILE;
    if (!changes || !placed(from, path, &place)) return REAL(openat)(from, path, flags, mode);
    pthread_mutex_lock(&lock);
    int there = fstatat(from, path, &found, 0) == 0;
    int fd = REAL(openat)(from, path, flags, mode), why = errno;
    if (fd >= 0 && fstat(fd, &found) == 0) {
        if (!there) tell('C', found.st_ino, place.directory, place.name, strlen(place.name));
        else if (flags & O_TRUNC) tell('T', found.st_ino, 0, "", 0);
    }
    pthread_mutex_unlock(&lock);
    errno = why;
    return fd;
}

#define OPEN(from)                                                                                                     \
    va_list rest;                                                                                                      \
    va_start(rest, flags);                                                                                             \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                            \
    va_end(rest);                                                                                                      \
    return open_at(from, path, flags, mode)

int open(const char *path, int flags, ...) { OPEN(AT_FDCWD); }
int open64(const char *path, int flags, ...) { OPEN(AT_FDCWD); }
int openat(int from, const char *path, int flags, ...) { OPEN(from); }
int openat64(int from, const char *path, int flags, ...) { OPEN(from); }

/* `at` is -1 for where the file stands. */
static ssize_t write_at(int fd, const void *bytes, size_t length, off_t at) {
    struct stat found;
    if (!ours(fd, &found)) return at < 0 ? REAL(write)(fd, bytes, length) : REAL(pwrite)(fd, bytes, length, at);
    pthread_mutex_lock(&lock);
    off_t where = at;
    if (at < 0 && fcntl(fd, F_GETFL) & O_APPEND) where = fstat(fd, &found) == 0 ? found.st_size : -1;
    else if (at < 0) where = lseek(fd, 0, SEEK_CUR);
    ssize_t done = at < 0 ? REAL(write)(fd, bytes, length) : REAL(pwrite)(fd, bytes, length, at);
    int why = errno;
    if (done > 0) tell('W', found.st_ino, (uint64_t)where, bytes, (size_t)done);
    pthread_mutex_unlock(&lock);
    errno = why;
    return done;
}

ssize_t write(int fd, const void *bytes, size_t length) { return write_at(fd, bytes, length, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return write_at(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return write_at(fd, bytes, length, at); }

static int truncate_to(int fd, off_t length) {
    struct stat found;
    if (!ours(fd, &found)) return REAL(ftruncate)(fd, length);
    pthread_mutex_lock(&lock);
    int failed = REAL(ftruncate)(fd, length), why = errno;
    if (!failed) tell('T', found.st_ino, (uint64_t)length, "", 0);
    pthread_mutex_unlock(&lock);
    errno = why;
    return failed;
}

int ftruncate(int fd, off_t length) { return truncate_to(fd, length); }
int ftruncate64(int fd, off_t length) { return truncate_to(fd, length); }

/* The real disk is not waited for: a kill does not touch the page cache. A moment passes all the same, so that kills
   fall into it. */
static int sync_it(int fd) {
    struct stat found;
    if (!ours(fd, &found)) return REAL(fsync)(fd);
    pthread_mutex_lock(&lock);
    uint64_t before = written;
    pthread_mutex_unlock(&lock);
    usleep(500);
    if (getenv("DISK_LIES")) return 0;
    pthread_mutex_lock(&lock);
    tell('S', found.st_ino, before, "", 0);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) { return sync_it(fd); }
int fdatasync(int fd) { return sync_it(fd); }

int mkdir(const char *path, mode_t mode) {
    struct place place;
    struct stat found;
    if (!placed(AT_FDCWD, path, &place)) return REAL(mkdir)(path, mode);
    pthread_mutex_lock(&lock);
    int failed = REAL(mkdir)(path, mode), why = errno;
    if (!failed && stat(path, &found) == 0) tell('D', found.st_ino, place.directory, place.name, strlen(place.name));
    pthread_mutex_unlock(&lock);
    errno = why;
    return failed;
}

static int remove_at(int from, const char *path, int flags) {
    struct place place;
    if (!placed(from, path, &place)) return REAL(unlinkat)(from, path, flags);
    pthread_mutex_lock(&lock);
    int failed = REAL(unlinkat)(from, path, flags), why = errno;
    if (!failed) tell('U', 0, place.directory, place.name, strlen(place.name));
    pthread_mutex_unlock(&lock);
    errno = why;
    return failed;
}

int unlink(const char *path) { return remove_at(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return remove_at(AT_FDCWD, path, AT_REMOVEDIR); }
int unlinkat(int from, const char *path, int flags) { return remove_at(from, path, flags); }

/* Both names, and first the directory that the second one is in; the line itself tells the other. */
static void tell_both(char kind, const struct place *one, const struct place *other) {
    char bytes[2 * NAME_MAX + 16];
    memcpy(bytes, &other->directory, 8);
    int length = snprintf(bytes + 8, sizeof bytes - 8, "%s/%s", one->name, other->name);
    tell(kind, 0, one->directory, bytes, 8 + (size_t)length);
}

int rename(const char *old, const char *new) {
    struct place one, other;
    int from = placed(AT_FDCWD, old, &one), to = placed(AT_FDCWD, new, &other);
    if (!from && !to) return REAL(rename)(old, new);
    if (from != to) {
        fprintf(stderr, "the disk of the test does not know how to rename across its border: teach it\n");
        abort();
    }
    pthread_mutex_lock(&lock);
    int failed = REAL(rename)(old, new), why = errno;
    if (!failed) tell_both('R', &one, &other);
    pthread_mutex_unlock(&lock);
    errno = why;
    return failed;
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
    struct place one, other;
    if (!placed(from, old, &one) || !placed(to, new, &other)) return REAL(linkat)(from, old, to, new, flags);
    pthread_mutex_lock(&lock);
    int failed = REAL(linkat)(from, old, to, new, flags), why = errno;
    if (!failed) tell_both('L', &one, &other);
    pthread_mutex_unlock(&lock);
    errno = why;
    return failed;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    unknown(fd, "writev");
    return REAL(writev)(fd, parts, count);
}

ssize_t copy_file_range(int from, off_t *at, int to, off_t *where, size_t length, unsigned flags) {
    unknown(to, "copy_file_range");
    return REAL(copy_file_range)(from, at, to, where, length, flags);
}

ssize_t sendfile64(int to, int from, off_t *at, size_t length) {
    unknown(to, "sendfile");
    ssize_t (*real)(int, int, off_t *, size_t) = (ssize_t(*)(int, int, off_t *, size_t))dlsym(RTLD_NEXT, "sendfile64");
    return real(to, from, at, length);
}

static void *map(void *where, size_t length, int access, int flags, int fd, off_t at) {
    if (fd >= 0 && flags & MAP_SHARED && access & PROT_WRITE) unknown(fd, "a map into memory");
    return REAL(mmap)(where, length, access, flags, fd, at);
}

void *mmap(void *where, size_t length, int access, int flags, int fd, off_t at) {
    return map(where, length, access, flags, fd, at);
}
void *mmap64(void *where, size_t length, int access, int flags, int fd, off_t at) {
    return map(where, length, access, flags, fd, at);
}
