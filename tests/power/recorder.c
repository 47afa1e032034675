/* Records, in order, what a process does to the files of one folder, and stops it at a given step.
 *
 * Loaded by LD_PRELOAD. Asleep unless the environment names a folder and a log:
 *   POWER_STATE   the folder, absolute, without a slash at its end
 *   POWER_LOG     the file that takes the entries
 *   POWER_CUT     stop (SIGSTOP) at this step; each call counts two, one before and one after it
 *   POWER_DEAF    a planted fault: a call that syncs does nothing, and says that it has
 *
 * One lock makes the order of the entries the order of the calls. An entry is a struct head, a name, the data
 * (tests/power/disk.py reads them). What a call here cannot express is recorded as '!', and the reader refuses it.
 * The index of the write-ahead log (-shm) is memory that SQLite makes anew after a crash: it is not recorded. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROOM 4096
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

struct head {
    uint8_t what;
    uint8_t spare[3];
    uint32_t name, data;
    uint32_t mode;
    uint64_t inode;
    int64_t offset;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long step;

static int inside(const char *path)
{
    const char *folder = getenv("POWER_STATE");
    size_t length = folder ? strlen(folder) : 0, whole = strlen(path);
    if (!length || strncmp(path, folder, length) || (path[length] && path[length] != '/'))
        return 0;
    return whole < 4 || strcmp(path + whole - 4, "-shm");
}

/* The path behind a name that is relative to a folder's descriptor or to the working directory. */
static int named(int folder, const char *name, char *path)
{
    char link[64];
    ssize_t length = 0;
    *path = 0;
    if (!getenv("POWER_STATE") || !name)
        return 0;
    if (*name != '/') {
        if (folder == AT_FDCWD)
            strcpy(link, "/proc/self/cwd");
        else
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        length = readlink(link, path, ROOM / 2);
        if (length < 0)
            return 0;
        path[length++] = '/';
    }
    snprintf(path + length, ROOM - length, "%s", name);
    return inside(path);
}

/* The inode behind a descriptor that belongs to the folder; 0 = another's. */
static uint64_t opened(int descriptor, struct stat *found)
{
    char link[64], path[ROOM];
    if (!getenv("POWER_STATE"))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, ROOM - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return inside(path) && !fstat(descriptor, found) ? found->st_ino : 0;
}

static void tick(void)
{
    const char *cut = getenv("POWER_CUT");
    if (cut && step++ == atol(cut))
        raise(SIGSTOP);
}

static void record(char what, const char *name, size_t named, uint64_t inode, mode_t mode, int64_t offset,
                   const void *data, size_t length)
{
    static int log = -1;
    struct head head = {what, {0}, named, length, mode, inode, offset};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)name, named}, {(void *)data, length}};
    if (log < 0)
        log = syscall(SYS_openat, AT_FDCWD, getenv("POWER_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (syscall(SYS_writev, log, parts, 3) != (ssize_t)(sizeof head + named + length))
        abort();
}

/* One call: `done` is its value, `good` whether it changed something, `entry` what it changed. */
#define STEP(call, good, entry)        \
    do {                               \
        pthread_mutex_lock(&lock);     \
        tick();                        \
        __typeof__(call) done = call;  \
        int error = errno;             \
        if (good)                      \
            entry;                     \
        tick();                        \
        pthread_mutex_unlock(&lock);   \
        errno = error;                 \
        return done;                   \
    } while (0)

/* --- writes --------------------------------------------------------------------------------------------------- */

static ssize_t write_there(int descriptor, const void *data, size_t length, uint64_t inode)
{
    struct stat now;
    int flags = fcntl(descriptor, F_GETFL);
    off_t at = lseek(descriptor, 0, SEEK_CUR);
    if (flags & O_APPEND && !fstat(descriptor, &now))
        at = now.st_size;
    STEP(REAL(write)(descriptor, data, length), done > 0, record('W', "", 0, inode, 0, at, data, done));
}

ssize_t write(int descriptor, const void *data, size_t length)
{
    struct stat found;
    uint64_t inode = opened(descriptor, &found);
    return inode ? write_there(descriptor, data, length, inode) : REAL(write)(descriptor, data, length);
}

#define PWRITE(name, offset_t)                                                                                  \
    ssize_t name(int descriptor, const void *data, size_t length, offset_t offset)                              \
    {                                                                                                           \
        struct stat found;                                                                                      \
        uint64_t inode = opened(descriptor, &found);                                                            \
        if (!inode)                                                                                             \
            return REAL(name)(descriptor, data, length, offset);                                                \
        STEP(REAL(name)(descriptor, data, length, offset), done > 0,                                            \
             record('W', "", 0, inode, 0, offset, data, done));                                                 \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define FTRUNCATE(name, offset_t)                                                                               \
    int name(int descriptor, offset_t size)                                                                     \
    {                                                                                                           \
        struct stat found;                                                                                      \
        uint64_t inode = opened(descriptor, &found);                                                            \
        if (!inode)                                                                                             \
            return REAL(name)(descriptor, size);                                                                \
        STEP(REAL(name)(descriptor, size), !done, record('T', "", 0, inode, 0, size, "", 0));                   \
    }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

#define SYNC(name)                                                                                              \
    int name(int descriptor)                                                                                    \
    {                                                                                                           \
        struct stat found;                                                                                      \
        uint64_t inode = opened(descriptor, &found);                                                            \
        if (!inode)                                                                                             \
            return REAL(name)(descriptor);                                                                      \
        if (getenv("POWER_DEAF"))                                                                               \
            return 0;                                                                                           \
        STEP(REAL(name)(descriptor), !done, record('S', "", 0, inode, 0, 0, "", 0));                            \
    }
SYNC(fsync)
SYNC(fdatasync)

/* --- names ---------------------------------------------------------------------------------------------------- */

static int open_there(int folder, const char *name, const char *path, int flags, mode_t mode)
{
    struct stat found = {0};
    int is_new = fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) != 0;
    if (!(flags & O_CREAT && is_new) && !(flags & O_TRUNC && found.st_size && flags & (O_WRONLY | O_RDWR)))
        return syscall(SYS_openat, folder, name, flags, mode);
    STEP((int)syscall(SYS_openat, folder, name, flags, mode), done >= 0 && !fstat(done, &found),
         record(is_new ? 'C' : 'T', path, is_new ? strlen(path) : 0, found.st_ino, found.st_mode, 0, "", 0));
}

#define OPEN(head, folder)                                                                                      \
    head                                                                                                        \
    {                                                                                                           \
        char path[ROOM];                                                                                        \
        mode_t mode = 0;                                                                                        \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                                                  \
            va_list more;                                                                                       \
            va_start(more, flags);                                                                              \
            mode = va_arg(more, mode_t);                                                                        \
            va_end(more);                                                                                       \
        }                                                                                                       \
        if (!named(folder, name, path))                                                                         \
            return syscall(SYS_openat, folder, name, flags, mode);                                              \
        return open_there(folder, name, path, flags, mode);                                                     \
    }
OPEN(int open(const char *name, int flags, ...), AT_FDCWD)
OPEN(int open64(const char *name, int flags, ...), AT_FDCWD)
OPEN(int openat(int at, const char *name, int flags, ...), at)
OPEN(int openat64(int at, const char *name, int flags, ...), at)

static int move(char what, int from, const char *old, int to, const char *new, long call, int flags)
{
    char both[2 * ROOM];
    int is_old = named(from, old, both);
    size_t length = strlen(both) + 1;
    int is_new = named(to, new, both + length);
    length += strlen(both + length);
    if (!is_old && !is_new)
        return syscall(call, from, old, to, new, flags);
    STEP((int)syscall(call, from, old, to, new, flags), !done,
         record(is_old && is_new && !(what == 'R' && flags) ? what : '!', both, length, 0, 0, 0, "", 0));
}

int rename(const char *old, const char *new)
{
    return move('R', AT_FDCWD, old, AT_FDCWD, new, SYS_renameat2, 0);
}
int renameat(int from, const char *old, int to, const char *new)
{
    return move('R', from, old, to, new, SYS_renameat2, 0);
}
int renameat2(int from, const char *old, int to, const char *new, unsigned int flags)
{
    return move('R', from, old, to, new, SYS_renameat2, flags);
}
int link(const char *old, const char *new)
{
    return move('L', AT_FDCWD, old, AT_FDCWD, new, SYS_linkat, 0);
}
int linkat(int from, const char *old, int to, const char *new, int flags)
{
    return move('L', from, old, to, new, SYS_linkat, flags);
}

static int name_call(char what, int folder, const char *name, long call, int last)
{
    char path[ROOM];
    struct stat found = {0};
    if (!named(folder, name, path))
        return syscall(call, folder, name, last);
    STEP((int)syscall(call, folder, name, last), !done && (what == 'U' || !stat(path, &found)),
         record(what, path, strlen(path), found.st_ino, last, 0, "", 0));
}

int unlink(const char *name) { return name_call('U', AT_FDCWD, name, SYS_unlinkat, 0); }
int unlinkat(int folder, const char *name, int flags) { return name_call('U', folder, name, SYS_unlinkat, flags); }
int rmdir(const char *name) { return name_call('U', AT_FDCWD, name, SYS_unlinkat, AT_REMOVEDIR); }
int mkdir(const char *name, mode_t mode) { return name_call('D', AT_FDCWD, name, SYS_mkdirat, mode); }
int mkdirat(int folder, const char *name, mode_t mode) { return name_call('D', folder, name, SYS_mkdirat, mode); }

/* --- what the reader cannot express --------------------------------------------------------------------------- */

#define REFUSED(head, descriptor, call)                                                                         \
    head                                                                                                        \
    {                                                                                                           \
        struct stat found;                                                                                      \
        if (opened(descriptor, &found))                                                                         \
            record('!', __func__, strlen(__func__), 0, 0, 0, "", 0);                                            \
        return call;                                                                                            \
    }
REFUSED(ssize_t writev(int to, const struct iovec *parts, int count), to, REAL(writev)(to, parts, count))
REFUSED(ssize_t pwritev(int to, const struct iovec *parts, int count, off_t at), to,
        REAL(pwritev)(to, parts, count, at))
REFUSED(ssize_t pwritev64(int to, const struct iovec *parts, int count, off64_t at), to,
        REAL(pwritev64)(to, parts, count, at))
REFUSED(int fallocate(int to, int mode, off_t at, off_t size), to, REAL(fallocate)(to, mode, at, size))
REFUSED(int posix_fallocate(int to, off_t at, off_t size), to, REAL(posix_fallocate)(to, at, size))
REFUSED(ssize_t copy_file_range(int from, off64_t *there, int to, off64_t *here, size_t size, unsigned int flags), to,
        REAL(copy_file_range)(from, there, to, here, size, flags))
