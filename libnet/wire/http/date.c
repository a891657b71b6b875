/* date.c - HTTP-date: the form that is sent, and the three that are read (RFC 9110 5.6.7) */
#include <stdio.h>

#include "field.h"

static const char days[7][10] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"
};
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

struct civil { int64_t year; int month, day, hour, min, sec; };	/* month and day begin with 1 */

static int leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int month_days(int64_t y, int m)
{
	static const int n[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return n[m - 1] + (m == 2 && leap(y));
}

/* days from 1970-01-01; years begin in March, so that the leap day is the last of one */
static int64_t day_number(int64_t y, int m, int d)
{
	int64_t era, of_era, of_year;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	of_era = y - era * 400;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static struct civil civil_of(int64_t t)
{
	int64_t day = floor_div(t, 86400), sec = t - day * 86400;
	struct civil c = { .hour = (int)(sec / 3600), .min = (int)(sec / 60 % 60), .sec = (int)(sec % 60) };

	c.year = floor_div(day * 400, 146097) + 1970;	/* about; one year off at most */
	while (day_number(c.year, 1, 1) > day)
		c.year--;
	while (day_number(c.year + 1, 1, 1) <= day)
		c.year++;
	for (c.month = 1; c.month < 12 && day_number(c.year, c.month + 1, 1) <= day; c.month++)
		;
	c.day = (int)(day - day_number(c.year, c.month, 1)) + 1;
	return c;
}

void http_date(int64_t t, char out[HTTP_DATE_LEN + 1])
{
	static const int64_t first = -62167219200, last = 253402300799;
	struct civil c = civil_of(t = t < first ? first : t > last ? last : t);
	int64_t day = floor_div(t, 86400);
	char text[64];

	snprintf(text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
		 days[(day % 7 + 11) % 7], c.day, months + 3 * (c.month - 1), (int)c.year, c.hour, c.min, c.sec);
	memcpy(out, text, HTTP_DATE_LEN);
	out[HTTP_DATE_LEN] = 0;
}

/* ---- reading: each takes what it wants from the front of *s; 0: something else stands there ---- */

static int word(struct span *s, const char *w)
{
	size_t n = strlen(w);

	if (s->len < n || memcmp(s->p, w, n) != 0)
		return 0;
	*s = span_of(s->p + n, s->len - n);
	return 1;
}

static int digits(struct span *s, size_t n, int *v)
{
	size_t i;

	if (s->len < n)
		return 0;
	for (*v = 0, i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return 0;
		*v = *v * 10 + s->p[i] - '0';
	}
	*s = span_of(s->p + n, s->len - n);
	return 1;
}

static int day_name(struct span *s, int whole)
{
	char w[4] = "";
	int i;

	for (i = 0; i < 7; i++) {
		memcpy(w, days[i], 3);
		if (word(s, whole ? days[i] : w))
			return 1;
	}
	return 0;
}

static int month(struct span *s, int *v)
{
	for (*v = 1; *v <= 12; (*v)++)
		if (s->len >= 3 && memcmp(s->p, months + 3 * (*v - 1), 3) == 0) {
			*s = span_of(s->p + 3, s->len - 3);
			return 1;
		}
	return 0;
}

static int clock_time(struct span *s, struct civil *c)
{
	return digits(s, 2, &c->hour) && word(s, ":") && digits(s, 2, &c->min) && word(s, ":") &&
	       digits(s, 2, &c->sec) && c->hour < 24 && c->min < 60 && c->sec <= 60;
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static int fixdate(struct span s, struct civil *c)
{
	int y = 0, ok = day_name(&s, 0) && word(&s, ", ") && digits(&s, 2, &c->day) && word(&s, " ") &&
		month(&s, &c->month) && word(&s, " ") && digits(&s, 4, &y) && word(&s, " ") &&
		clock_time(&s, c) && word(&s, " GMT") && s.len == 0;

	c->year = y;
	return ok;
}

/* Sunday, 06-Nov-94 08:49:37 GMT.  A year more than 50 years ahead is of the century before. */
static int rfc850(struct span s, struct civil *c, int64_t now)
{
	int64_t this_year;
	int y = 0;

	if (!(day_name(&s, 1) && word(&s, ", ") && digits(&s, 2, &c->day) && word(&s, "-") &&
	      month(&s, &c->month) && word(&s, "-") && digits(&s, 2, &y) && word(&s, " ") &&
	      clock_time(&s, c) && word(&s, " GMT") && s.len == 0))
		return 0;
	this_year = civil_of(now).year;
	c->year = this_year / 100 * 100 + y;
	if (c->year > this_year + 50)
		c->year -= 100;
	else if (c->year <= this_year - 50)
		c->year += 100;
	return 1;
}

/* Sun Nov  6 08:49:37 1994 */
static int asctime_date(struct span s, struct civil *c)
{
	int y = 0, ok = day_name(&s, 0) && word(&s, " ") && month(&s, &c->month) && word(&s, " ") &&
		(word(&s, " ") ? digits(&s, 1, &c->day) : digits(&s, 2, &c->day)) && word(&s, " ") &&
		clock_time(&s, c) && word(&s, " ") && digits(&s, 4, &y) && s.len == 0;

	c->year = y;
	return ok;
}

int http_date_parse(struct span s, int64_t now, int64_t *t)
{
	struct civil c = { 0 };

	if (!s.p || !(fixdate(s, &c) || rfc850(s, &c, now) || asctime_date(s, &c)))
		return 0;
	if (c.day < 1 || c.day > month_days(c.year, c.month))
		return 0;
	*t = day_number(c.year, c.month, c.day) * 86400 + c.hour * 3600 + c.min * 60 + c.sec;
	return 1;
}
