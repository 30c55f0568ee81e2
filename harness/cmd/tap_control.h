/* Layer 5. What a tap and its supervisor say to each other, over a socketpair of whole messages (SOCK_SEQPACKET).
 *
 * The supervisor offers plans: a message of their sockets' numbers, with the memory file and the sockets attached. The
 * tap answers with its events: a byte, '0' + enum tap_event, and text. Neither waits for the other, and the tap goes
 * on without a supervisor. */
#ifndef UNDERSTUDY_CMD_TAP_CONTROL_H
#define UNDERSTUDY_CMD_TAP_CONTROL_H

#include "harness/cmd/tap_plan.h"

/* Supervisor. False where the tap does not take it; it is ending then. */
MUST_CHECK bool tap_control_offer(int fd, const struct tap_plan *plan);

struct tap_message {
	enum tap_event event;
	char text[512];
};
enum tap_hearing { TAP_HEARD, TAP_SILENT, TAP_GONE };
/* Supervisor. The next event, without waiting. */
enum tap_hearing tap_control_hear(int fd, struct tap_message *ret_message);

/* Tap: a struct tap_control on the socket, which must stay as it is. */
struct tap_control tap_control_of(int *fd);

#endif
