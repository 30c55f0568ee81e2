#include "harness/spool/boot.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void boot_id_read(char boot_id[BOOT_ID_SIZE])
{
	memset(boot_id, 0, BOOT_ID_SIZE);
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return;
	}
	if (read(fd, boot_id, 36) != 36) {
		memset(boot_id, 0, BOOT_ID_SIZE);
	}
	close(fd);
}
