/* What a tenant would try, from inside a zone: one attempt a word, answered with the name of the error, or "done". */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/sem.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int answer(long result)
{
    printf("%s\n", result >= 0 ? "done" : strerrorname_np(errno));
    return 0;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* How long a fork and its end take, and an open file: the 99th of a hundred, in milliseconds. */
static int latency(int rounds)
{
    double *took = calloc(rounds, sizeof *took);
    for (int i = 0; i < rounds; i++) {
        double start = now();
        pid_t child = fork();
        if (child == 0)
            _exit(close(open("/bin/busybox", O_RDONLY)));
        if (child < 0) {
            printf("fork: %s\n", strerrorname_np(errno));
            return 1;
        }
        waitpid(child, NULL, 0);
        took[i] = now() - start;
        usleep(2000);
    }
    qsort(took, rounds, sizeof *took, order);
    printf("%.3f %.3f\n", took[rounds / 2], took[rounds * 99 / 100]);
    return 0;
}

/* How late a sleeper wakes up: the middle one and the 99th of a hundred, in milliseconds. */
static int wake(int rounds)
{
    double *late = calloc(rounds, sizeof *late);
    for (int i = 0; i < rounds; i++) {
        double start = now();
        struct timespec t = {0, 2000000};
        nanosleep(&t, NULL);
        late[i] = now() - start - 2;
    }
    qsort(late, rounds, sizeof *late, order);
    printf("%.3f %.3f\n", late[rounds / 2], late[rounds * 99 / 100]);
    return 0;
}

/* Takes until there is no more, or enough; prints how many and why it ended; holds them for some seconds. */
static int bomb(const char *what, int seconds, long most)
{
    long n = 0;
    signal(SIGCHLD, SIG_IGN);
    for (errno = 0; n < most; n++) {
        long got = -1;
        if (!strcmp(what, "fork")) {
            got = fork();
            if (got == 0)
                for (;;)
                    pause();
        } else if (!strcmp(what, "spin")) {
            got = fork();
            if (got == 0)
                for (;;)
                    ;
        } else if (!strcmp(what, "fd"))
            got = open("/bin/busybox", O_RDONLY);
        else if (!strcmp(what, "inotify"))
            got = inotify_init();
        else if (!strcmp(what, "pty"))
            got = open("/dev/ptmx", O_RDWR | O_NOCTTY);
        else if (!strcmp(what, "shm"))
            got = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
        else if (!strcmp(what, "sem"))
            got = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
        else if (!strcmp(what, "msg"))
            got = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
        else if (!strcmp(what, "memory")) {
            char *page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            got = page == MAP_FAILED ? -1 : 0;
            if (got == 0)
                memset(page, (int)n, 1 << 20);
        }
        if (got < 0)
            break;
    }
    printf("%ld %s\n", n, n < most ? strerrorname_np(errno) : "enough");
    fflush(stdout);
    sleep(seconds);
    if (!strcmp(what, "fork") || !strcmp(what, "spin"))
        kill(0, SIGKILL);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    long number = argc > 2 ? atol(argv[2]) : 0;
    char page[4096] = {0};
    if (argc > 3 && !strcmp(what, "bomb"))
        return bomb(argv[2], atoi(argv[3]), argc > 4 ? atol(argv[4]) : 1L << 40);
    if (!strcmp(what, "latency"))
        return latency((int)number);
    if (!strcmp(what, "wake"))
        return wake((int)number);
    if (!strcmp(what, "mknod"))
        return answer(mknod("/disk", S_IFBLK | 0600, makedev(8, 0)));
    if (!strcmp(what, "mount"))
        return answer(mount("none", "/root", argv[2], 0, NULL));
    if (!strcmp(what, "attach"))
        return answer(ptrace(PTRACE_ATTACH, (pid_t)number, NULL, NULL));
    if (!strcmp(what, "kill"))
        return answer(kill((pid_t)number, 0));
    if (!strcmp(what, "bpf"))
        return answer(syscall(SYS_bpf, 0, page, 72));
    if (!strcmp(what, "io_uring"))
        return answer(syscall(SYS_io_uring_setup, 4, page));
    if (!strcmp(what, "keyctl"))
        return answer(syscall(SYS_keyctl, 0, -3, 1));
    if (!strcmp(what, "add_key"))
        return answer(syscall(SYS_add_key, "user", "k", "v", 1L, -3));
    if (!strcmp(what, "userfaultfd"))
        return answer(syscall(SYS_userfaultfd, 0));
    if (!strcmp(what, "slices")) { // struct sched_attr: size, policy, flags, nice, priority, runtime (100 ms)
        unsigned attr[12] = {48, 0, 0, 0, 0, 0, 100000000};
        return answer(syscall(SYS_sched_setattr, 0, attr, 0));
    }
    if (!strcmp(what, "perf"))
        return answer(syscall(SYS_perf_event_open, page, 0, -1, -1, 0));
    if (!strcmp(what, "by_handle"))
        return answer(syscall(SYS_open_by_handle_at, AT_FDCWD, page, 0));
    if (!strcmp(what, "kexec"))
        return answer(syscall(SYS_kexec_load, 0, 0, 0, 0));
    if (!strcmp(what, "module"))
        return answer(syscall(SYS_init_module, page, sizeof page, ""));
    if (!strcmp(what, "module_file"))
        return answer(syscall(SYS_finit_module, 0, "", 0));
    if (!strcmp(what, "unload"))
        return answer(syscall(SYS_delete_module, "loop", 0));
    if (!strcmp(what, "reboot_kexec"))
        return answer(reboot(0x45584543));
    if (!strcmp(what, "reboot_cad"))
        return answer(reboot(RB_DISABLE_CAD));
    if (!strcmp(what, "clock")) {
        struct timeval t = {0, 0};
        return answer(settimeofday(&t, NULL));
    }
    if (!strcmp(what, "swapon"))
        return answer(syscall(SYS_swapon, "/bin/busybox", 0));
    if (!strcmp(what, "acct"))
        return answer(syscall(SYS_acct, "/log"));
    if (!strcmp(what, "iopl"))
        return answer(syscall(SYS_iopl, 3));
    if (!strcmp(what, "syslog"))
        return answer(syscall(SYS_syslog, 3, page, sizeof page));
    if (!strcmp(what, "socket"))
        return answer(socket((int)number, SOCK_DGRAM, 0) >= 0 ? 0 : socket((int)number, SOCK_SEQPACKET, 0));
    if (!strcmp(what, "open"))
        return answer(open(argv[2], O_RDWR));
    if (!strcmp(what, "mlock")) {
        char *memory = mmap(NULL, number, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return answer(mlock(memory, number));
    }
    if (!strcmp(what, "shm")) {
        int id = shmget(IPC_PRIVATE, number, IPC_CREAT | 0600);
        long result = answer(id);
        if (id >= 0)
            shmctl(id, IPC_RMID, NULL);
        return (int)result;
    }
    fprintf(stderr, "probe: %s?\n", what);
    return 2;
}
