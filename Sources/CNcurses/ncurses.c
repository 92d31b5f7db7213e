#define NCURSES_WIDECHAR 1
#define _XOPEN_SOURCE_EXTENDED 1
#define _GNU_SOURCE 1
#include "CNcurses.h"
#include "guard.h"

#include <fcntl.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

static SCREEN *screen;
static FILE *input_file;
static FILE *output_file;
static bool use_colours;
static bool default_colours;
static bool cursor_shown;

static FILE *open_copy(int descriptor, const char *mode) {
    int copy = dup(descriptor);
    if (copy < 0) return NULL;
    FILE *file = fdopen(copy, mode);
    if (file == NULL) close(copy);
    return file;
}

static void close_files(void) {
    if (input_file != NULL) fclose(input_file);
    if (output_file != NULL) fclose(output_file);
    input_file = output_file = NULL;
}

/// Beyond cbreak: ^C, ^S, ^Q, ^V and ^O reach us as keys. ^\ and ^Z stay signals.
static void set_keys(int descriptor) {
    struct termios mode;
    if (tcgetattr(descriptor, &mode) != 0) return;
    mode.c_iflag &= ~(tcflag_t)(IXON | IXOFF | ICRNL);
    mode.c_lflag &= ~(tcflag_t)(IEXTEN | ICANON | ECHO);
    mode.c_cc[VINTR] = _POSIX_VDISABLE;
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    tcsetattr(descriptor, TCSANOW, &mode);
    def_prog_mode();
}

int sn_open(const char *type, int input, int output, bool colour) {
    input_file = open_copy(input, "r");
    output_file = open_copy(output, "w");
    if (input_file == NULL || output_file == NULL) {
        close_files();
        return -1;
    }
    sn_guard_save(fileno(output_file));
    use_env(FALSE);
    use_tioctl(TRUE);
    screen = newterm(type, output_file, input_file);
    if (screen == NULL) {
        close_files();
        return -1;
    }
    set_term(screen);
    typeahead(-1);
    cbreak();
    noecho();
    nonl();
    set_keys(fileno(output_file));
    use_colours = colour && has_colors();
    default_colours = use_colours && start_color() == OK && use_default_colors() == OK;
    leaveok(stdscr, TRUE);
    cursor_shown = true;
    sn_cursor(-1, -1);
    sn_guard_arm(enter_ca_mode != NULL ? exit_ca_mode : NULL, cursor_normal, exit_attribute_mode,
                 use_colours ? orig_pair : NULL);
    return 0;
}

void sn_close(void) {
    if (screen == NULL) return;
    curs_set(1);
    endwin();
    sn_guard_disarm();
    delscreen(screen);
    screen = NULL;
    close_files();
}

int sn_colours(void) { return use_colours ? COLORS : 0; }
int sn_pairs(void) { return use_colours ? COLOR_PAIRS : 0; }
bool sn_has_default_colours(void) { return default_colours; }

int sn_define_pair(int pair, int foreground, int background) {
    return init_extended_pair(pair, foreground, background) == OK ? 0 : -1;
}

static attr_t attributes_of(uint32_t bits) {
    attr_t attributes = A_NORMAL;
    if (bits & SN_BOLD) attributes |= A_BOLD;
    if (bits & SN_DIM) attributes |= A_DIM;
    if (bits & SN_UNDERLINE) attributes |= A_UNDERLINE;
    if (bits & SN_REVERSE) attributes |= A_REVERSE;
    if (bits & SN_ITALIC) attributes |= A_ITALIC;
    return attributes;
}

void sn_blank(uint32_t attributes, int pair) {
    cchar_t blank;
    if (setcchar(&blank, L" ", attributes_of(attributes), 0, &pair) == OK) wbkgrnd(stdscr, &blank);
    werase(stdscr);
}

void sn_put(int y, int x, const sn_cell *cells, int count) {
    enum { CHUNK = 256 };
    cchar_t row[CHUNK];
    int filled = 0;
    int column = x;
    int next = x;
    for (int index = 0; index < count; index++) {
        wchar_t text[4];
        for (int part = 0; part < 4; part++) text[part] = (wchar_t)cells[index].text[part];
        text[3] = 0;
        int pair = cells[index].pair;
        if (setcchar(&row[filled], text, attributes_of(cells[index].attributes), 0, &pair) != OK) {
            pair = 0;
            setcchar(&row[filled], L"?", A_NORMAL, 0, &pair);
        }
        filled++;
        int width = wcwidth(text[0]);
        next += width == 2 ? 2 : 1;
        if (filled == CHUNK || index + 1 == count) {
            mvwadd_wchnstr(stdscr, y, column, row, filled);
            column = next;
            filled = 0;
        }
    }
}

void sn_cursor(int y, int x) {
    bool show = y >= 0;
    if (show != cursor_shown) {
        curs_set(show ? 1 : 0);
        leaveok(stdscr, !show);
        cursor_shown = show;
    }
    if (show) wmove(stdscr, y, x);
}

void sn_refresh(void) { wrefresh(stdscr); }
void sn_invalidate(void) { clearok(curscr, TRUE); }

int sn_size(int *height, int *width) {
    struct winsize size;
    if (output_file == NULL || ioctl(fileno(output_file), TIOCGWINSZ, &size) != 0) return -1;
    if (size.ws_row == 0 || size.ws_col == 0) {
        *height = LINES;
        *width = COLS;
    } else {
        *height = size.ws_row;
        *width = size.ws_col;
    }
    return 0;
}

void sn_resize(int height, int width) { resizeterm(height, width); }
void sn_bell(void) { beep(); }

void sn_send(const char *bytes, size_t length) {
    if (output_file == NULL) return;
    while (length > 0) {
        ssize_t sent = write(fileno(output_file), bytes, length);
        if (sent <= 0) return;
        bytes += sent;
        length -= (size_t)sent;
    }
}

void sn_suspend(void) {
    if (cursor_shown == false) curs_set(1);
    endwin();
}

void sn_resume(void) {
    reset_prog_mode();
    curs_set(cursor_shown ? 1 : 0);
    clearok(curscr, TRUE);
}

int sn_width(uint32_t scalar) { return wcwidth((wchar_t)scalar); }
int sn_pipe(int ends[2]) { return pipe2(ends, O_NONBLOCK | O_CLOEXEC); }
