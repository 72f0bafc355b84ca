// The init of every benched zone, and the few things that are measured inside one. The same static program for all peers,
// so that a difference between them is theirs.
//
//   bench-init                        PID 1: writes the time of its start into /.bench-up, then sleeps; ends on TERM, INT or PWR
//   shutdown …                        (by that name) ends PID 1: how LumOS asks a zone with an init of its own to stop
//   bench-init supervise CMD…         PID 1 of the bench's own namespace: runs CMD, reaps everybody, ends as CMD ended
//   bench-init address IF ADDR MASK   brings an interface up with an IPv4 address
//   bench-init echo PORT              answers each UDP datagram, for a minute at most
//   bench-init ping ADDR PORT COUNT   prints the microseconds of each UDP round trip, one a line
//   bench-init write FILE MIB         writes and syncs; prints the seconds it took
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static int fail(const char *what)
{
    fprintf(stderr, "bench-init: %s: %s\n", what, strerror(errno));
    return 1;
}

static void say_up(void)
{
    char text[32];
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    // One write of a fixed length: a reader sees all of it or nothing.
    int length = snprintf(text, sizeof text, "%020lld\n", t.tv_sec * 1000000000LL + t.tv_nsec);
    int fd = open("/.bench-up", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || pwrite(fd, text, length, 0) != length)
        fail("/.bench-up");
    close(fd);
    // How a LumOS zone says that its first boot is over; elsewhere there is no such file.
    rename("/var/svc/provisioning", "/var/svc/provision_success");
}

static int init(pid_t watched)
{
    sigset_t set;
    sigemptyset(&set);
    int ends[] = {SIGTERM, SIGINT, SIGPWR, SIGHUP, SIGRTMIN + 3};
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++)
        sigaddset(&set, ends[i]);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (;;) {
        int number = sigwaitinfo(&set, NULL);
        if (number == SIGCHLD) {
            int status;
            pid_t pid;
            while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                if (pid == watched)
                    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        } else if (number > 0 && watched == 0) {
            return 0;
        } else if (number > 0) {
            kill(watched, number == SIGINT ? SIGINT : SIGTERM);
        }
    }
}

static int supervise(char **words)
{
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    pid_t child = fork();
    if (child < 0)
        return fail("fork");
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &old, NULL);
        execvp(words[0], words);
        _exit(fail(words[0]));
    }
    return init(child);
}

static int address(const char *interface, const char *ip, const char *mask)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;
    strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
    in->sin_family = AF_INET;
    if (inet_pton(AF_INET, ip, &in->sin_addr) != 1 || ioctl(fd, SIOCSIFADDR, &request) != 0)
        return fail("SIOCSIFADDR");
    inet_pton(AF_INET, mask, &in->sin_addr);
    if (ioctl(fd, SIOCSIFNETMASK, &request) != 0)
        return fail("SIOCSIFNETMASK");
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
        return fail("SIOCGIFFLAGS");
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : fail("SIOCSIFFLAGS");
}

static int udp(const char *port, const char *ip, struct sockaddr_in *at)
{
    memset(at, 0, sizeof *at);
    at->sin_family = AF_INET;
    at->sin_port = htons((unsigned short)atoi(port));
    inet_pton(AF_INET, ip, &at->sin_addr);
    return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int echo(const char *port, int count)
{
    struct sockaddr_in at, from;
    int fd = udp(port, "0.0.0.0", &at);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0)
        return fail("bind");
    alarm(60);
    while (count > 0) {
        char data[64];
        socklen_t size = sizeof from;
        ssize_t n = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &size);
        if (n > 0 && sendto(fd, data, n, 0, (struct sockaddr *)&from, size) == n)
            count--;
    }
    return 0;
}

static int ping(const char *ip, const char *port, int count)
{
    struct sockaddr_in at;
    int fd = udp(port, ip, &at);
    struct timeval limit = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        return fail("connect");
    int missed = 0;
    for (int i = 0; i < count;) {
        char data[64] = "bench";
        double start = now();
        // The other end may not listen yet: its refusals and the first lost datagrams are not measured.
        if (send(fd, data, sizeof data, 0) < 0 || recv(fd, data, sizeof data, 0) < 0) {
            if (++missed > 20)
                return fail("no answer");
            usleep(100000);
            continue;
        }
        printf("%.1f\n", (now() - start) * 1e6);
        i++;
    }
    return 0;
}

static int write_file(const char *path, int mib)
{
    static unsigned char data[1 << 20];
    unsigned x = 2463534242u;
    for (size_t i = 0; i < sizeof data; i += 4) { // not compressible
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        memcpy(data + i, &x, 4);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(path);
    double start = now();
    for (int i = 0; i < mib; i++)
        if (write(fd, data, sizeof data) != (ssize_t)sizeof data)
            return fail(path);
    if (fdatasync(fd) != 0)
        return fail(path);
    printf("%.6f\n", now() - start);
    close(fd);
    return unlink(path) == 0 ? 0 : fail(path);
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '/');
    if (strcmp(name ? name + 1 : argv[0], "shutdown") == 0)
        return kill(1, SIGTERM) == 0 ? 0 : fail("SIGTERM to init");
    const char *verb = argc > 1 ? argv[1] : "";
    if (argc > 2 && strcmp(verb, "supervise") == 0)
        return supervise(argv + 2);
    if (argc == 5 && strcmp(verb, "address") == 0)
        return address(argv[2], argv[3], argv[4]);
    if (argc == 4 && strcmp(verb, "echo") == 0)
        return echo(argv[2], atoi(argv[3]));
    if (argc == 5 && strcmp(verb, "ping") == 0)
        return ping(argv[2], argv[3], atoi(argv[4]));
    if (argc == 4 && strcmp(verb, "write") == 0)
        return write_file(argv[2], atoi(argv[3]));
    say_up();
    return init(0);
}
