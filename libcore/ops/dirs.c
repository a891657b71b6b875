/* dirs.c - the folders between a top and the place a walk has reached, open */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "ops/dirs.h"

static void level_close(struct dirs *d, struct dirs_level *l)
{
	if (l->fd < 0)
		return;
	close(l->fd);
	l->fd = -1;
	d->n_open--;
}

int dirs_push(struct dirs *d, int fd, const char *name, const struct stat *st)
{
	struct dirs_level *l;
	int i;

	for (i = 1; i < d->n && d->n_open >= DIRS_OPEN; i++)
		level_close(d, &d->level[i]);
	if (d->n == d->cap) {
		int cap = d->cap ? 2 * d->cap : 16;
		struct dirs_level *more = realloc(d->level, (size_t)cap * sizeof *more);

		if (!more) {
			close(fd);
			return err_nomem();
		}
		d->level = more;
		d->cap = cap;
	}
	l = &d->level[d->n];
	*l = (struct dirs_level){ fd, st->st_dev, st->st_ino, strdup(name) };
	if (!l->name) {
		close(fd);
		return err_nomem();
	}
	d->n++;
	d->n_open++;
	return 0;
}

void dirs_pop(struct dirs *d)
{
	struct dirs_level *l = &d->level[--d->n];

	level_close(d, l);
	free(l->name);
}

void dirs_clear(struct dirs *d)
{
	while (d->n)
		dirs_pop(d);
	free(d->level);
	d->level = NULL;
	d->cap = 0;
}

int dirs_has(const struct dirs *d, const struct stat *st)
{
	int i;

	for (i = 0; i < d->n; i++)
		if (d->level[i].dev == st->st_dev && d->level[i].ino == st->st_ino)
			return 1;
	return 0;
}

static int reopen(struct dirs *d, struct dirs_level *l, int above)
{
	struct stat st;
	int rc = 0;

	l->fd = openat(above, l->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (d->follow ? 0 : O_NOFOLLOW));
	if (l->fd < 0)
		return err_sys("opening folder '%s' again", l->name);
	d->n_open++;
	if (fstat(l->fd, &st) < 0)
		rc = err_sys("looking at folder '%s'", l->name);
	else if (st.st_dev != l->dev || st.st_ino != l->ino)
		rc = err_set(ERR_BUSY, "folder '%s' was exchanged meanwhile", l->name);
	if (rc < 0)
		level_close(d, l);
	return rc;
}

int dirs_fd(struct dirs *d)
{
	int i = d->n - 1, rc = 0;

	while (d->level[i].fd < 0)
		i--;				/* level 0 is never closed */
	while (rc == 0 && ++i < d->n) {
		rc = reopen(d, &d->level[i], d->level[i - 1].fd);
		/* those far above are of no use soon */
		if (i > 1 && i + DIRS_OPEN / 2 < d->n)
			level_close(d, &d->level[i - 1]);
	}
	return rc < 0 ? rc : d->level[d->n - 1].fd;
}
