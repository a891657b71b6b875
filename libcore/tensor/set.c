/* set.c - a container of tensors, of any kind */
#include <stdlib.h>

#include "base/err.h"
#include "tensor_priv.h"

enum {
	TABLE_MEM = 4 << 20,
	/* what is worth keeping: a long table, or one it took many bytes to find */
	KEEP_TABLE = 64 * 1024,
	KEEP_READ = 2 << 20
};

/* in the order in which they are tried; safetensors has no mark of its own and takes what is left */
static const struct {
	enum tensor_kind kind;
	const struct tensor_format *format;
	const char *name;
} kinds[] = {
	{ TENSOR_NPY, &tensor_npy, "npy" },
	{ TENSOR_NPZ, &tensor_npz, "npz" },
	{ TENSOR_GGUF, &tensor_gguf, "gguf" },
	{ TENSOR_SHARDED, &tensor_sharded, "sharded" },
	{ TENSOR_SAFETENSORS, &tensor_safetensors, "safetensors" }
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

const char *tensor_kind_name(enum tensor_kind kind)
{
	size_t i;

	for (i = 0; i < N_KINDS - 1 && kinds[i].kind != kind; i++)
		;
	return kinds[i].name;
}

/* which kind the first bytes look like */
static int sniff(struct tensor_in *in, size_t *kind)
{
	/* of a stream no more than the shortest container has */
	uint64_t most = in->size == TENSOR_UNSIZED ? 10 : TENSOR_SNIFF;
	size_t len = in->size < most ? (size_t)in->size : (size_t)most;
	uint8_t head[TENSOR_SNIFF];
	int rc = in->read(in, 0, head, len);

	if (rc == ERR_INVALID && in->size == TENSOR_UNSIZED)
		return err_add(rc, "HeaderTooSmall");
	if (rc < 0)
		return rc;
	for (*kind = 0; !kinds[*kind].format->looks(span_of(head, len), in->size); ++*kind)
		;
	return 0;
}

static int worth_keeping(const struct tensor_set *set, uint64_t n_bytes)
{
	return set->cachedir && set->in->key[0] && (table_bytes(set->rows) >= KEEP_TABLE || n_bytes >= KEEP_READ);
}

static int read_rows(struct tensor_set *set, size_t mem)
{
	uint64_t before = set->in->n_bytes;
	int rc = table_new(&set->rows, set->tmpdir, mem);

	set->note = BUF_INIT(TENSOR_NOTE_MAX);
	if (rc == 0)
		rc = set->format->read(set, set->in);
	if (rc == 0)
		rc = table_end(set->rows, buf_span(&set->note));
	if (rc == 0 && set->format->check)
		rc = set->format->check(set);
	buf_clear(&set->note);
	if (rc == 0 && worth_keeping(set, set->in->n_bytes - before))
		table_save(set->rows, set->cachedir, set->in->key, set->kind, set->in->size);
	return rc;
}

static int keep_path(char **kept, const char *path)
{
	*kept = path ? strdup(path) : NULL;
	return path && !*kept ? err_nomem() : 0;
}

static int set_start(struct tensor_set *set, const struct tensor_format *format, const char *tmpdir, const char *cachedir)
{
	size_t i = 0;
	int rc = keep_path(&set->tmpdir, tmpdir);

	if (rc == 0)
		rc = keep_path(&set->cachedir, cachedir);
	if (rc == 0 && !format)
		rc = sniff(set->in, &i);
	while (format && kinds[i].format != format)
		i++;
	set->format = kinds[i].format;
	set->kind = kinds[i].kind;
	return rc;
}

int set_open_in(struct tensor_set **out, struct tensor_in *in, const struct tensor_format *format, const char *tmpdir,
		const char *cachedir, size_t mem)
{
	struct tensor_set *set = calloc(1, sizeof *set);
	int rc;

	*out = NULL;
	if (!set) {
		tensor_in_close(in);
		return err_nomem();
	}
	set->in = in;
	rc = set_start(set, format, tmpdir, cachedir);
	if (rc == 0 && !(set->cachedir && in->key[0] &&
			 table_load(&set->rows, set->cachedir, in->key, set->kind, in->size)))
		rc = read_rows(set, mem);
	if (rc < 0) {
		tensor_close(set);
		return rc;
	}
	*out = set;
	return 0;
}

int tensor_open(struct tensor_set **set, struct tensor_place *place, const char *tmpdir, const char *cachedir)
{
	struct buf name = BUF_INIT(TENSOR_NAME_MAX);
	struct tensor_in *in = NULL;
	int rc = place->open(place, span_of("", 0), &in);

	*set = NULL;
	if (rc == 1) {
		rc = set_find_in_dir(place, &name);
		if (rc == 0)
			rc = place->open(place, buf_span(&name), &in);
		if (rc == 1)
			rc = err_set(ERR_INVALID, "'%s' is a directory", (char *)name.data);
	}
	if (rc == 0)
		rc = set_open_in(set, in, NULL, tmpdir, cachedir, TABLE_MEM);
	if (rc == 0)
		(*set)->place = place;
	buf_clear(&name);
	return rc;
}

void tensor_close(struct tensor_set *set)
{
	size_t i;

	if (!set)
		return;
	if (set->format && set->format->close)
		set->format->close(set);
	for (i = 0; i < SET_UNPACKED; i++)
		tensor_in_close(set->unpacked[i].in);
	table_free(set->rows);
	tensor_in_close(set->in);
	free(set->tmpdir);
	free(set->cachedir);
	free(set);
}

/* ---- asking ---- */

enum tensor_kind tensor_set_kind(const struct tensor_set *set)
{
	return set->kind;
}

uint64_t tensor_count(const struct tensor_set *set)
{
	return table_count(set->rows);
}

int tensor_get(struct tensor_set *set, uint64_t i, struct tensor_info *info)
{
	int rc;

	if (i >= table_count(set->rows))
		return err_set(ERR_NOTFOUND, "there is no such tensor");
	rc = table_get(set->rows, i, info);
	if (rc == 0 && set->format->get)
		rc = set->format->get(set, info);
	if (rc < 0)
		return rc;
	/* what is checked of a header need not be true of a table somebody kept */
	if (!set->format->part && (info->packed > set->in->size || info->off > set->in->size - info->packed))
		return err_set(ERR_CORRUPT, "a table of tensors is damaged");
	return 0;
}

static int not_found(struct tensor_set *set, struct span name)
{
	struct buf near = BUF_INIT(4096);
	char quoted[QUOTED_MAX];
	int rc = near_names(set->rows, name, &near);

	if (rc == 0)
		rc = err_set(ERR_NOTFOUND, "there is no tensor %s%s", quoted_name(name, quoted),
			     near.data ? (char *)near.data : "");
	buf_clear(&near);
	return rc;
}

int tensor_find(struct tensor_set *set, struct span name, struct tensor_info *info)
{
	uint64_t i = 0;
	int rc = 1;

	if (name.len)
		rc = table_find(set->rows, name, &i);
	else if (table_count(set->rows) == 0)
		return err_set(ERR_NOTFOUND, "there are no tensors");
	if (rc == 0)
		return not_found(set, name);
	return rc < 0 ? rc : tensor_get(set, i, info);
}

int tensor_meta(struct tensor_set *set, int (*fn)(void *arg, struct span key, struct span value), void *arg)
{
	return set->format->meta ? set->format->meta(set, fn, arg) : 0;
}

int tensor_part(struct tensor_set *set, uint32_t part, struct tensor_in **in)
{
	if (set->format->part)
		return set->format->part(set, part, in);
	if (part > 0)
		return err_set(ERR_NOTFOUND, "there is no part %u", (unsigned)part);
	*in = set->in;
	return 0;
}

int tensor_part_name(struct tensor_set *set, uint32_t part, struct span *name)
{
	if (set->format->part_name)
		return set->format->part_name(set, part, name);
	*name = span_of("", 0);
	return part == 0 ? 0 : err_set(ERR_NOTFOUND, "there is no part %u", (unsigned)part);
}

void tensor_opened(const struct tensor_set *set, uint64_t *n_blocks, uint64_t *n_bytes)
{
	*n_blocks = set->in->n_blocks;
	*n_bytes = set->in->n_bytes;
	if (set->format->opened)
		set->format->opened(set, n_blocks, n_bytes);
}

ssize_t in_range_read(void *in_range, void *p, size_t len)
{
	struct in_range *r = in_range;
	int rc;

	if (len > r->end - r->off)
		len = (size_t)(r->end - r->off);
	rc = len ? r->in->read(r->in, r->off, p, len) : 0;
	if (rc < 0)
		return rc;
	r->off += len;
	return (ssize_t)len;
}
