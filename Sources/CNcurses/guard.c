#define _GNU_SOURCE 1
#include "guard.h"
#include "CNcurses.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/// Everything a handler uses is prepared beforehand, so that it only calls write and tcsetattr.
static struct {
    volatile sig_atomic_t armed;
    int descriptor;
    int has_mode;
    struct termios mode;
    char farewell[128];
    size_t farewell_length;
    char leave[256];
    size_t leave_length;
} guard;

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGQUIT, SIGSYS};
enum { FATAL_COUNT = sizeof(fatal_signals) / sizeof(fatal_signals[0]) };
static struct sigaction before_fatal[FATAL_COUNT];

static const int watched_signals[] = {SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT};
enum { WATCHED_COUNT = sizeof(watched_signals) / sizeof(watched_signals[0]) };
static struct sigaction before_watched[WATCHED_COUNT];
static volatile sig_atomic_t signal_pipe = -1;

static void give_back(void) {
    if (!guard.armed) return;
    guard.armed = 0;
    ssize_t ignored = write(guard.descriptor, guard.farewell, guard.farewell_length);
    ignored = write(guard.descriptor, guard.leave, guard.leave_length);
    (void)ignored;
    if (guard.has_mode) tcsetattr(guard.descriptor, TCSANOW, &guard.mode);
}

/// Gives the terminal back and lets whatever handled the signal before have it: a fault runs into it again when this
/// returns, and what somebody sent is sent again.
static void fatal(int number, siginfo_t *info, void *context) {
    (void)context;
    int error = errno;
    give_back();
    for (int index = 0; index < FATAL_COUNT; index++) {
        if (fatal_signals[index] == number) sigaction(number, &before_fatal[index], NULL);
    }
    errno = error;
    if (info == NULL || info->si_code <= 0 || number == SIGQUIT) raise(number);
}

/// Appends a terminfo string without its padding ($<5>).
static void append(const char *text) {
    while (text != NULL && *text != 0 && guard.leave_length < sizeof(guard.leave)) {
        if (text[0] == '$' && text[1] == '<') {
            const char *end = strchr(text, '>');
            if (end != NULL) {
                text = end + 1;
                continue;
            }
        }
        guard.leave[guard.leave_length++] = *text++;
    }
}

void sn_guard_save(int descriptor) {
    guard.descriptor = descriptor;
    guard.has_mode = tcgetattr(descriptor, &guard.mode) == 0;
    guard.farewell_length = 0;
}

void sn_set_farewell(const char *bytes, size_t length) {
    guard.farewell_length = length < sizeof(guard.farewell) ? length : sizeof(guard.farewell);
    memcpy(guard.farewell, bytes, guard.farewell_length);
}

void sn_guard_arm(const char *leave, const char *cursor, const char *attributes, const char *colours) {
    guard.leave_length = 0;
    append(attributes);
    append(colours);
    append(cursor);
    append(leave);
    append("\r\n");
    guard.armed = 1;

    static int exits;
    if (!exits) {
        exits = 1;
        atexit(give_back);
        // A handler for a stack that has run full needs a stack of its own.
        static char stack[32 * 1024];
        stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
        sigaltstack(&alternate, NULL);
    }
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = fatal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (int index = 0; index < FATAL_COUNT; index++) sigaction(fatal_signals[index], &action, &before_fatal[index]);
}

void sn_guard_disarm(void) {
    if (!guard.armed) return;
    guard.armed = 0;
    for (int index = 0; index < FATAL_COUNT; index++) sigaction(fatal_signals[index], &before_fatal[index], NULL);
}

static void watched(int number) {
    int error = errno;
    unsigned char byte = (unsigned char)number;
    int pipe = signal_pipe;
    // A full pipe holds enough to wake the loop; nothing is lost that matters.
    if (pipe >= 0) {
        ssize_t ignored = write(pipe, &byte, 1);
        (void)ignored;
    }
    errno = error;
}

int sn_watch_signals(int pipe) {
    signal_pipe = pipe;
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = watched;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (int index = 0; index < WATCHED_COUNT; index++) {
        if (sigaction(watched_signals[index], &action, &before_watched[index]) != 0) return errno;
    }
    return 0;
}

void sn_unwatch_signals(void) {
    if (signal_pipe < 0) return;
    for (int index = 0; index < WATCHED_COUNT; index++) {
        sigaction(watched_signals[index], &before_watched[index], NULL);
    }
    signal_pipe = -1;
}

void sn_stop_process(void) {
    struct sigaction action;
    struct sigaction stop;
    struct sigaction go_on;
    memset(&action, 0, sizeof(action));
    sigemptyset(&action.sa_mask);
    action.sa_handler = SIG_DFL;
    sigaction(SIGTSTP, &action, &stop);
    // Being woken is no news here; ignored, it wakes all the same.
    action.sa_handler = SIG_IGN;
    sigaction(SIGCONT, &action, &go_on);
    kill(getpid(), SIGTSTP);
    sigaction(SIGCONT, &go_on, NULL);
    sigaction(SIGTSTP, &stop, NULL);
}
