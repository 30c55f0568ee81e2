#include "harness/tap/pressure.h"

#include "harness/base/hash.h"

static const int64_t MINUTE_US = 60000000; /* and the price of one exchange, so that credit grows by FLOOR each us */
static const double RECOVERY_STEP = 0.25;

void pressure_init(struct pressure *pressure)
{
	*pressure = (struct pressure){.share = 1};
}

/* --- how much is captured --- */

/* 1 up to half full, 0 from nine tenths on. */
static double share_at(uint64_t waiting, uint64_t capacity)
{
	double fill = (double)waiting / (double)capacity;
	double share = (0.9 - fill) / (0.9 - 0.5);
	return share > 1 ? 1 : share < 0 ? 0 : share;
}

static bool rise(struct pressure *pressure, int64_t now)
{
	if (pressure->low_since == 0) {
		pressure->low_since = now;
	}
	if (now - pressure->low_since < PRESSURE_STEP_US) {
		return false;
	}
	pressure->low_since = now;
	double share = pressure->share + RECOVERY_STEP;
	pressure->share = share < 1 ? share : 1;
	pressure->is_reduced = share < 1;
	return !pressure->is_reduced;
}

bool pressure_note(struct pressure *pressure, uint64_t waiting, uint64_t capacity, int64_t now)
{
	if (waiting > capacity / 2) {
		bool begins = !pressure->is_reduced;
		if (begins) {
			pressure_init(pressure);
			pressure->is_reduced = true;
		}
		double share = share_at(waiting, capacity);
		pressure->share = share < pressure->share ? share : pressure->share;
		pressure->low_since = 0;
		return begins;
	}
	if (!pressure->is_reduced) {
		return false;
	}
	if (waiting < capacity / 4) {
		return rise(pressure, now);
	}
	pressure->low_since = 0;
	return false;
}

uint64_t pressure_calm(const struct pressure *pressure, uint64_t capacity)
{
	return pressure->is_reduced ? 0 : capacity / 2;
}

/* --- which exchanges are captured --- */

uint64_t pressure_operation(int account, struct span method, struct span path)
{
	size_t length = path.length < PRESSURE_OPERATION_MAX ? path.length : PRESSURE_OPERATION_MAX;
	uint32_t front = hash_crc32c((uint32_t)account, method.data, method.length);
	uint64_t state = (uint64_t)hash_crc32c(front, path.data, length) << 32 | front;
	uint64_t operation = random_next(&state);
	return operation != 0 ? operation : 1;
}

static void refill(struct pressure_entry *entry, int floor, int64_t now)
{
	bool is_new = entry->filled_at == 0;
	int64_t passed = is_new || now - entry->filled_at > MINUTE_US ? MINUTE_US : now - entry->filled_at;
	int64_t most = floor * MINUTE_US;
	entry->credit += passed * floor;
	entry->credit = entry->credit < most ? entry->credit : most;
	entry->filled_at = now;
}

static struct pressure_entry *find(struct pressure *pressure, uint64_t operation, int64_t now)
{
	struct pressure_entry *set = pressure->entries[operation % PRESSURE_SETS];
	struct pressure_entry *place = NULL;
	for (size_t i = 0; i < PRESSURE_WAYS; i++) {
		if (set[i].operation == operation) {
			return &set[i];
		}
		bool is_free = set[i].filled_at == 0 || now - set[i].filled_at >= MINUTE_US;
		place = place == NULL && is_free ? &set[i] : place;
	}
	if (place == NULL) {
		return &pressure->shared;
	}
	*place = (struct pressure_entry){.operation = operation, .choice = operation};
	return place;
}

bool pressure_admits(struct pressure *pressure, uint64_t operation, int floor, int64_t now)
{
	struct pressure_entry *entry = find(pressure, operation, now);
	refill(entry, floor, now);
	if (entry->credit >= MINUTE_US) {
		entry->credit -= MINUTE_US;
		return true;
	}
	return random_unit(&entry->choice) < pressure->share;
}
