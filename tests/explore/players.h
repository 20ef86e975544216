/* The players: coroutines that stand for threads, each with a stack and with the program's
 * thread-local words as its own. They know nothing of schedules. Included by explore.c only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_EXPLORE_PLAYERS_H
#define BITENA_EXPLORE_PLAYERS_H

#include <stdbool.h>
#include <stdint.h>

enum turn { TURN_ACCESS = 1, TURN_WAITS, TURN_DONE };

void players_register(int identities); /* once: so many threads the library knows already */
void players_reset(void);              /* the identities as they were then; identity 0 is loaded */
void players_become(int identity);     /* the thread-local words of another; -1: a new thread's */
/* Thread `who` bears this identity as it is now; its program is called by its first player_play. */
void player_begin(int who, int identity, void (*program)(int who));
enum turn player_play(int who);   /* goes on, until it gives its turn back */
void player_yield(enum turn why); /* by the one that plays */
void player_renew(void);          /* it is another thread from now on, unknown to the library */
uint64_t player_hash(int who, uint64_t hash);
bool players_own(const void *word); /* it stands on a player's stack */

#endif
