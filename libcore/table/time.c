/*
 * time.c - dates, and times of day with them, as ISO 8601 and RFC 3339 write them.
 *   YYYY-MM-DD [ ("T" | " ") HH:MM [ :SS [ ("." | ",") 1*9digit ] ] [ "Z" | (+|-) HH [ [":"] MM ] ] ]
 */
#include "base/decimal.h"
#include "table/table_priv.h"

struct moment {
	int64_t day;			/* from 1970-01-01 */
	int has_time, has_zone;
	int64_t second;			/* of the day, as written; may reach out of it when the offset is taken off */
	uint32_t nano;
	int digits;			/* of a second's fraction that are not zeros at the end */
};

static inline int two(const uint8_t *p)
{
	return decimal_is_digit(p[0]) && decimal_is_digit(p[1]) ? (p[0] - '0') * 10 + p[1] - '0' : -1;
}

/* days from 1970-01-01, in years that begin with March (so that the day that comes and goes is their last) */
static int64_t day_of(int year, int month, int day)
{
	int y = year - (month <= 2), m = month + (month <= 2 ? 9 : -3);
	int era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;

	return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int days_in(int year, int month)
{
	static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* ten bytes at p: 1 or 0 */
static int read_day(const uint8_t *p, int64_t *day)
{
	int high = two(p), low = two(p + 2), month, mday, year;

	if (high < 0 || low < 0 || p[4] != '-' || p[7] != '-')
		return 0;
	year = high * 100 + low;
	month = two(p + 5);
	mday = two(p + 8);
	if (month < 1 || month > 12 || mday < 1 || mday > days_in(year, month))
		return 0;
	*day = day_of(year, month, mday);
	return 1;
}

/* behind the point; the byte behind the digits, or NULL */
static const uint8_t *read_fraction(const uint8_t *p, const uint8_t *end, struct moment *m)
{
	uint32_t v = 0;
	int n = 0;

	for (; p < end && decimal_is_digit(*p); p++) {
		if (++n > 9)
			return NULL;
		v = v * 10 + (uint32_t)(*p - '0');
		if (*p != '0')
			m->digits = n;
	}
	if (n == 0)
		return NULL;
	m->nano = v * (uint32_t)decimal_pow10[9 - n];
	return p;
}

/* "Z", "+02", "+02:30", "+0230", all that is left: 1 or 0 */
static int read_zone(const uint8_t *p, const uint8_t *end, struct moment *m)
{
	int sign = *p == '-' ? -1 : 1, hour, minute = 0;

	m->has_zone = 1;
	if (*p == 'Z' || *p == 'z')
		return end - p == 1;
	if ((*p != '+' && *p != '-') || end - p < 3)
		return 0;
	hour = two(p + 1);
	p += 3;
	if (p < end && *p == ':')
		p++;
	if (p < end) {
		if (end - p != 2)
			return 0;
		minute = two(p);
	} else if (p[-1] == ':') {
		return 0;
	}
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return 0;
	m->second -= sign * (hour * 3600 + minute * 60);
	return 1;
}

/* behind the date: 1 or 0 */
static int read_time(const uint8_t *p, const uint8_t *end, struct moment *m)
{
	int hour, minute, second = 0;

	m->has_time = 1;
	if (end - p < 6 || (*p != 'T' && *p != ' ' && *p != 't') || p[3] != ':')
		return 0;
	hour = two(p + 1);
	minute = two(p + 4);
	p += 6;
	if (end - p >= 3 && *p == ':') {
		second = two(p + 1);
		p += 3;
		if (p < end && (*p == '.' || *p == ',')) {
			p = read_fraction(p + 1, end, m);
			if (!p)
				return 0;
		}
	}
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return 0;
	m->second = hour * 3600 + minute * 60 + second;
	return p == end || read_zone(p, end, m);
}

static int read_moment(const uint8_t *p, const uint8_t *end, struct moment *m)
{
	*m = (struct moment){ 0 };
	if (end - p < 10 || !read_day(p, &m->day))
		return 0;
	return end - p == 10 || read_time(p + 10, end, m);
}

/* whole seconds and their fraction, in units of which a second has `per`: 1, or 0: too many */
static int count(const struct moment *m, int64_t per, int64_t *v)
{
	int64_t s = m->day * 86400 + m->second, part = m->nano / (1000000000 / per);

	/* what is below zero is added to from below, so that the lowest moment fits, too */
	if (s < 0 && part) {
		s++;
		part -= per;
	}
	return !__builtin_mul_overflow(s, per, v) && !__builtin_add_overflow(*v, part, v);
}

int value_date(const struct table_type *t, const uint8_t *p, const uint8_t *end, void *out)
{
	struct moment m;
	int32_t day;
	int64_t ms;

	value_trim(&p, &end);
	if (!read_moment(p, end, &m) || m.has_time)
		return 0;
	if (t->unit == 0) {
		day = (int32_t)m.day;
		memcpy(out, &day, sizeof day);
	} else {
		ms = m.day * 86400000;
		memcpy(out, &ms, sizeof ms);
	}
	return 1;
}

int value_time(const struct table_type *t, const uint8_t *p, const uint8_t *end, void *out)
{
	static const int64_t per[4] = { 1, 1000, 1000000, 1000000000 };
	struct moment m;
	int64_t v;

	value_trim(&p, &end);
	/* with a zone a text has to say which moment it is, without one it cannot */
	if (!read_moment(p, end, &m) || m.has_zone != (t->zone[0] != 0))
		return 0;
	if (m.digits > 3 * t->unit || !count(&m, per[t->unit & 3], &v))
		return VALUE_RANGE;
	memcpy(out, &v, sizeof v);
	return 1;
}

unsigned value_seen_time(const uint8_t *p, const uint8_t *end)
{
	struct moment m;
	unsigned seen;
	int64_t v;

	if (!read_moment(p, end, &m))
		return 0;
	seen = m.has_zone ? SEEN_ZONED : m.has_time ? SEEN_TIME : SEEN_DATE;
	if (m.digits > 6)
		seen |= SEEN_NANO;
	if (!count(&m, 1000000000, &v))
		seen |= SEEN_FAR;
	return seen;
}
