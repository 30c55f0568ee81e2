#include "harness/pipeline/watch.h"

#include <sys/stat.h>

static struct watched_file look_at(const char *file)
{
	struct stat status;
	if (stat(file, &status) != 0) {
		return (struct watched_file){0};
	}
	return (struct watched_file){
		.device = status.st_dev,
		.inode = status.st_ino,
		.size = status.st_size,
		.modified_s = status.st_mtim.tv_sec,
		.modified_ns = status.st_mtim.tv_nsec,
	};
}

static bool is_same(const struct watched_file *a, const struct watched_file *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size && a->modified_s == b->modified_s &&
	       a->modified_ns == b->modified_ns;
}

void watch_init(struct interface_lane *lane)
{
	lane->file = look_at(lane->contract->file);
	lane->shadow_ppm = lane->contract->shadow_ppm;
	lane->shadow_floor = lane->contract->shadow_floor;
}

bool watch_look(struct interface_lane *lane, struct error *err)
{
	struct watched_file now = look_at(lane->contract->file);
	if (is_same(&now, &lane->file)) {
		return true;
	}
	lane->file = now;
	struct contract *contract = contract_load(lane->contract->file, err);
	if (contract == NULL) {
		return false;
	}
	lane->shadow_ppm = contract->shadow_ppm;
	lane->shadow_floor = contract->shadow_floor;
	contract_destroy(contract);
	return true;
}
