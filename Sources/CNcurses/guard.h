#ifndef SLUICE_GUARD_H
#define SLUICE_GUARD_H

/// Remembers how the terminal was before anything changed it.
void sn_guard_save(int descriptor);
/// From here on a fatal signal or exit(3) gives the terminal back first. Strings are terminfo's, NULL where missing.
void sn_guard_arm(const char *leave, const char *cursor, const char *attributes, const char *colours);
void sn_guard_disarm(void);

#endif
