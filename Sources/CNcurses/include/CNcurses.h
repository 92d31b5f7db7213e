#ifndef CNCURSES_H
#define CNCURSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What of ncurses the console needs. ncurses.h itself stays out of Swift's sight: most of it is macros and mutable
/// globals. All but the signal handlers belong to one thread, and there is one terminal at a time.

/// Attributes of a cell.
enum { SN_BOLD = 1, SN_DIM = 2, SN_UNDERLINE = 4, SN_REVERSE = 8, SN_ITALIC = 16 };

/// One character with its combining marks, ended by a 0, and how it looks.
typedef struct {
    uint32_t text[4];
    uint32_t attributes;
    int32_t pair;
} sn_cell;

/// Prepares the terminal on these descriptors: no echo, no line buffering, no cursor. Returns 0, or -1 when the
/// terminal type is not known or cannot place the cursor.
int sn_open(const char *type, int input, int output, bool colour);
/// Gives the terminal back as it was.
void sn_close(void);

/// Colours and colour pairs of the terminal; 0 without colours.
int sn_colours(void);
int sn_pairs(void);
/// True when the terminal's own colours can be used, as colour -1.
bool sn_has_default_colours(void);
/// Defines a pair, 1...sn_pairs() - 1. Returns 0 or -1.
int sn_define_pair(int pair, int foreground, int background);

/// What blank cells look like from now on; blanks the screen.
void sn_blank(uint32_t attributes, int pair);
/// Puts cells into row y from column x on. Nothing wraps or scrolls.
void sn_put(int y, int x, const sn_cell *cells, int count);
/// Shows the cursor at a place, or hides it with a negative y.
void sn_cursor(int y, int x);
/// Sends what has changed.
void sn_refresh(void);
/// Lets the next refresh send everything.
void sn_invalidate(void);
/// The terminal's size in rows and columns; 0 when it does not say.
int sn_size(int *height, int *width);
/// Tells ncurses a new size.
void sn_resize(int height, int width);
void sn_bell(void);
/// Sends bytes as they are, after what was refreshed.
void sn_send(const char *bytes, size_t length);

/// Gives the terminal back for a while, and takes it again.
void sn_suspend(void);
void sn_resume(void);

/// Columns that the C library counts for a character in the current locale; -1 when it cannot be shown.
int sn_width(uint32_t scalar);
/// A pipe whose ends neither block nor outlive an exec. Returns 0, or -1 with errno.
int sn_pipe(int ends[2]);

/// Signals that arrive as bytes in a pipe: WINCH, INT, TERM, HUP, TSTP, CONT. Returns 0 or an errno value.
int sn_watch_signals(int pipe);
/// Puts the handlers back that were there before.
void sn_unwatch_signals(void);
/// Stops this process as ^Z would, and returns when it goes on.
void sn_stop_process(void);

/// Bytes that undo what was sent with sn_send, for the end of the process by a fatal signal or by exit(3).
void sn_set_farewell(const char *bytes, size_t length);

#endif
