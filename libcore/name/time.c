/* time.c - moments as text (RFC 3339), from the year 1 to 9999 */
#include "name_priv.h"

enum { DAY = 86400, NS = 1000000000 };

struct timespec name_now(const struct timespec *now)
{
	struct timespec t;

	if (now)
		return *now;
	clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

int name_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static int leap(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int month_days(int y, int m)
{
	static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[m - 1] + (m == 2 && leap(y));
}

/* days from 1970-01-01 to the first of January */
static int64_t year_days(int y)
{
	int64_t before = y - 1;

	return before * 365 + before / 4 - before / 100 + before / 400 - 719162;
}

/* `n` digits at *p, which moves on; -1: there are not so many */
static int digits(struct span *s, int n)
{
	int v = 0;

	while (n--) {
		if (s->len == 0 || *s->p < '0' || *s->p > '9')
			return -1;
		v = v * 10 + (*s->p - '0');
		*s = span_of(s->p + 1, s->len - 1);
	}
	return v;
}

static int is(struct span *s, char c)
{
	if (s->len == 0 || *s->p != c)
		return 0;
	*s = span_of(s->p + 1, s->len - 1);
	return 1;
}

/* 5.6 "time-offset": seconds to take off; 0: bad */
static int offset(struct span *s, int64_t *secs)
{
	int plus, h, m;

	*secs = 0;
	if (is(s, 'Z'))
		return 1;
	plus = is(s, '+');
	if (!plus && !is(s, '-'))
		return 0;
	h = digits(s, 2);
	if (h < 0 || h > 23 || !is(s, ':'))
		return 0;
	m = digits(s, 2);
	if (m < 0 || m > 59)
		return 0;
	*secs = (plus ? 1 : -1) * (h * 3600 + m * 60);
	return 1;
}

/* digits behind the point: more than nine mean nothing */
static int fraction(struct span *s, long *ns)
{
	long unit = NS / 10;
	int d, n = 0;

	for (*ns = 0; s->len && (d = digits(s, 1)) >= 0; n++, unit /= 10)
		*ns += d * unit;
	return n > 0;
}

static int parse(struct span s, struct timespec *t)
{
	int y, mo, d, h, mi, sec;
	int64_t off, days;
	long ns = 0;

	if ((y = digits(&s, 4)) < 1 || !is(&s, '-') || (mo = digits(&s, 2)) < 1 || mo > 12 || !is(&s, '-') ||
	    (d = digits(&s, 2)) < 1 || d > month_days(y, mo) || !is(&s, 'T') || (h = digits(&s, 2)) < 0 ||
	    h > 23 || !is(&s, ':') || (mi = digits(&s, 2)) < 0 || mi > 59 || !is(&s, ':') ||
	    (sec = digits(&s, 2)) < 0 || sec > 59)
		return 0;
	if (is(&s, '.') && !fraction(&s, &ns))
		return 0;
	if (!offset(&s, &off) || s.len)
		return 0;
	for (days = year_days(y) + d - 1; mo > 1; mo--)
		days += month_days(y, mo - 1);
	t->tv_sec = days * DAY + h * 3600 + mi * 60 + sec - off;
	t->tv_nsec = ns;
	return 1;
}

int name_time_parse(struct span text, struct timespec *t)
{
	if (parse(text, t))
		return 0;
	return err_set(ERR_INVALID, "not a time of RFC 3339: \"%.*s\"", text.len < 64 ? (int)text.len : 64,
		       text.len ? (const char *)text.p : "");
}

int name_time_format(const struct timespec *t, struct buf *text)
{
	int64_t days = t->tv_sec / DAY, left = t->tv_sec % DAY;
	int y, mo = 1, n = 9, rc;
	long ns = t->tv_nsec;

	if (left < 0) {
		left += DAY;
		days--;
	}
	if (days < year_days(1) || days >= year_days(10000) || ns < 0 || ns >= NS)
		return err_set(ERR_USAGE, "a time outside of the years 1 to 9999");
	for (y = (int)(days / 366) + 1970; year_days(y) > days; y--)
		;
	while (year_days(y + 1) <= days)
		y++;
	for (days -= year_days(y); days >= month_days(y, mo); mo++)
		days -= month_days(y, mo);
	rc = buf_printf(text, "%04d-%02d-%02dT%02d:%02d:%02d", y, mo, (int)days + 1, (int)(left / 3600),
			(int)(left / 60 % 60), (int)(left % 60));
	for (; ns && ns % 10 == 0; n--)
		ns /= 10;
	if (rc == 0 && ns)		/* as Go's RFC3339Nano: no zeros at the end */
		rc = buf_printf(text, ".%0*ld", n, ns);
	return rc == 0 ? buf_str(text, "Z") : rc;
}
