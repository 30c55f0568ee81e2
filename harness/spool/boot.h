/* Layer 2, private to the spool. Which run of the machine this is: after another one, the tail of a file may hold what
 * never reached the disk. */
#ifndef UNDERSTUDY_SPOOL_BOOT_H
#define UNDERSTUDY_SPOOL_BOOT_H

enum { BOOT_ID_SIZE = 40 }; /* 36 characters of a UUID and zeros */

/* From /proc/sys/kernel/random/boot_id; all zeros where that cannot be read. */
void boot_id_read(char boot_id[BOOT_ID_SIZE]);

#endif
