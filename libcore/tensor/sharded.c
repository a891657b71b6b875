/*
 * sharded.c - a model in several files of safetensors, and the index that says which tensor is in which.
 * A row of the index has a name and a part only; the rest is read from the file when the tensor is asked for.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/jsonrd.h"
#include "base/rd.h"
#include "tensor_priv.h"

enum {
	SHARDS_MAX = 16384,		/* files of a model */
	SHARD_NAME_MAX = 255,
	SHARDS_OPEN = 16,		/* at a time; the one used longest ago is closed */
	SHARD_TABLE_MEM = 128 * 1024
};

/* ---- the names of the files ---- */

/* Names by number, in the order in which they came, and their numbers in the order of names. */
struct names {
	char **name;
	uint16_t *sorted;
	unsigned n, cap;
};

static void names_clear(struct names *s)
{
	unsigned i;

	for (i = 0; i < s->n; i++)
		free(s->name[i]);
	free(s->name);
	free(s->sorted);
	*s = (struct names){ .n = 0 };
}

static int names_grow(struct names *s)
{
	unsigned cap = s->cap ? 2 * s->cap : 16;
	char **name = realloc(s->name, cap * sizeof *name);
	uint16_t *sorted;

	if (!name)
		return err_nomem();
	s->name = name;
	sorted = realloc(s->sorted, cap * sizeof *sorted);
	if (!sorted)
		return err_nomem();
	s->sorted = sorted;
	s->cap = cap;
	return 0;
}

/* where it is in the sorted list (1), or would be (0) */
static int names_find(const struct names *s, struct span name, unsigned *at)
{
	unsigned lo = 0, hi = s->n;
	int c;

	while (lo < hi) {
		*at = lo + (hi - lo) / 2;
		c = span_cmp(name, span_str(s->name[s->sorted[*at]]));
		if (c == 0)
			return 1;
		if (c < 0)
			hi = *at;
		else
			lo = *at + 1;
	}
	*at = lo;
	return 0;
}

/* a file beside the index, and nothing else */
static int name_is_plain(struct span name)
{
	return name.len && name.len <= SHARD_NAME_MAX && !memchr(name.p, '/', name.len) && !memchr(name.p, 0, name.len) &&
	       !span_equal(name, span_str(".")) && !span_equal(name, span_str(".."));
}

/* the number of a file, a new one if it has none */
static int names_add(struct names *s, struct span name, uint32_t *number)
{
	char quoted[QUOTED_MAX];
	unsigned at;
	int rc = 0;

	if (names_find(s, name, &at)) {
		*number = s->sorted[at];
		return 0;
	}
	if (!name_is_plain(name))
		return err_set(ERR_INVALID, "InvalidIndex: %s is no name of a file beside the index", quoted_name(name, quoted));
	if (s->n == SHARDS_MAX)
		return err_set(ERR_LIMIT, "a model in more than %d files", SHARDS_MAX);
	if (s->n == s->cap)
		rc = names_grow(s);
	if (rc < 0)
		return rc;
	s->name[s->n] = strndup((const char *)name.p, name.len);
	if (!s->name[s->n])
		return err_nomem();
	memmove(s->sorted + at + 1, s->sorted + at, (s->n - at) * sizeof *s->sorted);
	s->sorted[at] = (uint16_t)s->n;
	*number = s->n++;
	return 0;
}

/* ---- the index ---- */

struct index {
	struct jsonrd j;
	struct tensor_set *set;
	struct buf name;
	struct names files;
	int has_map;
	uint64_t meta_at, meta_end;	/* the object "metadata" */
};

static int token(struct index *x)
{
	int t = jsonrd_next(&x->j);

	return t == ERR_INVALID ? err_add(t, "InvalidIndex") : t == ERR_LIMIT ? err_add(t, "the index") : t;
}

static int skip_value(struct index *x, int t)
{
	int rc = t < 0 ? t : jsonrd_skip(&x->j, t);

	return rc == ERR_INVALID && t >= 0 ? err_add(rc, "InvalidIndex") : rc;
}

static int read_map(struct index *x)
{
	struct tensor_info row = { .dtype = TENSOR_OTHER, .n = 1 };
	int t = token(x), rc = 0;

	if (x->has_map)
		return err_set(ERR_INVALID, "DuplicateKey: two weight_map");
	if (t != JSONRD_OBJECT)
		return t < 0 ? t : err_set(ERR_INVALID, "InvalidIndex: weight_map is no object");
	x->has_map = 1;
	while (rc == 0 && (t = token(x)) == JSONRD_KEY) {
		buf_reset(&x->name);
		rc = buf_add(&x->name, buf_span(&x->j.text));
		t = rc < 0 ? rc : token(x);
		if (t < 0)
			return t;
		if (t != JSONRD_STRING)
			return err_set(ERR_INVALID, "InvalidIndex: weight_map has something else than names of files");
		rc = names_add(&x->files, buf_span(&x->j.text), &row.part);
		row.name = buf_span(&x->name);
		if (rc == 0)
			rc = table_add(x->set->rows, &row);
	}
	return rc < 0 ? rc : t < 0 ? t : 0;
}

static int read_metadata(struct index *x)
{
	int t = token(x), rc;

	if (x->meta_end)
		return err_set(ERR_INVALID, "DuplicateKey: two metadata");
	x->meta_at = x->j.off - 1;
	rc = skip_value(x, t);
	if (rc == 0 && t == JSONRD_OBJECT)
		x->meta_end = x->j.off;
	return rc;
}

static int read_member(struct index *x)
{
	struct span key = buf_span(&x->j.text);
	int t;

	if (span_equal(key, span_str("weight_map")))
		return read_map(x);
	if (span_equal(key, span_str("metadata")))
		return read_metadata(x);
	x->j.drop = 1;
	t = token(x);
	x->j.drop = 0;
	return skip_value(x, t);
}

static int read_all(struct index *x)
{
	int t = token(x), rc = t < 0 ? t : 0;

	if (t >= 0 && t != JSONRD_OBJECT)
		return err_set(ERR_INVALID, "InvalidIndex: no object");
	while (rc == 0 && (t = token(x)) == JSONRD_KEY)
		rc = read_member(x);
	if (rc == 0)
		rc = t < 0 ? t : token(x);
	if (rc == 0 && !x->has_map)
		rc = err_set(ERR_INVALID, "InvalidIndex: there is no weight_map");
	return rc;
}

/* the note: where the metadata is, and the names of the files, each ended by a zero */
static int note_write(struct buf *note, const struct index *x)
{
	int rc = buf_le64(note, x->meta_at);
	unsigned i;

	if (rc == 0)
		rc = buf_le64(note, x->meta_end);
	for (i = 0; rc == 0 && i < x->files.n; i++)
		rc = buf_bytes(note, x->files.name[i], strlen(x->files.name[i]) + 1);
	return rc;
}

static int sharded_read(struct tensor_set *set, struct tensor_in *in)
{
	struct in_range range = { in, 0, in->size };
	struct index x = { .set = set, .name = BUF_INIT(TENSOR_NAME_MAX) };
	int rc;

	if (in->size == TENSOR_UNSIZED)
		return err_set(ERR_UNSUPPORTED, "an index of files, as a stream");
	jsonrd_init(&x.j, in_range_read, &range, TENSOR_NAME_MAX);
	rc = read_all(&x);
	if (rc == 0)
		rc = note_write(&set->note, &x);
	jsonrd_clear(&x.j);
	names_clear(&x.files);
	buf_clear(&x.name);
	return rc;
}

/* A JSON text, which as the length of a header would be far too long. */
static int sharded_looks(struct span head, uint64_t size)
{
	struct rd r = rd_from(head);
	size_t i;

	(void)size;
	for (i = 0; i < head.len && memchr(" \t\r\n", head.p[i], 4); i++)
		;
	return i < head.len && head.p[i] == '{' && (head.len < 8 || rd_le64(&r) > TENSOR_HEADER_MAX);
}

/* ---- the files, as they are asked for ---- */

struct shard {
	struct span name;		/* in the note */
	struct tensor_set *set;		/* NULL: not open */
	uint64_t used;			/* a clock */
};

struct shards {
	uint64_t clock, n_blocks, n_bytes;	/* counted by files that were closed */
	unsigned n, n_open;
	struct shard shard[];
};

/* the list of files, out of the note, once it is wanted */
static int shards_start(struct tensor_set *set, struct shards **out)
{
	struct rd r = rd_from(table_note(set->rows));
	struct shards *s;
	struct span names;
	unsigned n = 0;
	size_t i, len;

	*out = set->more;
	if (*out)
		return 0;
	rd_bytes(&r, 16);
	names = rd_rest(&r);
	for (i = 0; i < names.len; i++)
		n += names.p[i] == 0;
	s = calloc(1, sizeof *s + n * sizeof *s->shard);
	if (!s)
		return err_nomem();
	for (i = 0; s->n < n; i += len + 1) {
		len = strlen((const char *)names.p + i);
		s->shard[s->n++].name = span_of(names.p + i, len);
	}
	set->more = *out = s;
	return 0;
}

static int shard_at(struct tensor_set *set, uint32_t part, struct shards **s)
{
	int rc = shards_start(set, s);

	if (rc == 0 && part >= (*s)->n)
		rc = err_set(ERR_NOTFOUND, "there is no part %u", (unsigned)part);
	return rc;
}

static void shard_close(struct shards *s, struct shard *one)
{
	uint64_t n_blocks, n_bytes;

	tensor_opened(one->set, &n_blocks, &n_bytes);
	s->n_blocks += n_blocks;
	s->n_bytes += n_bytes;
	tensor_close(one->set);
	one->set = NULL;
	s->n_open--;
}

static void make_room(struct shards *s)
{
	struct shard *oldest = NULL;
	unsigned i;

	if (s->n_open < SHARDS_OPEN)
		return;
	for (i = 0; i < s->n; i++)
		if (s->shard[i].set && (!oldest || s->shard[i].used < oldest->used))
			oldest = &s->shard[i];
	if (oldest)
		shard_close(s, oldest);
}

static int shard_open(struct tensor_set *set, struct shards *s, struct shard *one)
{
	struct tensor_in *in = NULL;
	char quoted[QUOTED_MAX];
	int rc;

	if (!name_is_plain(one->name))		/* as a table may say that somebody kept */
		return err_set(ERR_CORRUPT, "a table of tensors is damaged");
	make_room(s);
	rc = set->place->open(set->place, one->name, &in);
	if (rc == 1)
		rc = err_set(ERR_INVALID, "a directory");
	if (rc == 0)
		rc = set_open_in(&one->set, in, &tensor_safetensors, set->tmpdir, set->cachedir, SHARD_TABLE_MEM);
	if (rc < 0)
		return err_add(rc, "shard %s", quoted_name(one->name, quoted));
	s->n_open++;
	return 0;
}

static int shard_use(struct tensor_set *set, uint32_t part, struct shard **one)
{
	struct shards *s;
	int rc = shard_at(set, part, &s);

	if (rc < 0)
		return rc;
	*one = &s->shard[part];
	if (!(*one)->set)
		rc = shard_open(set, s, *one);
	(*one)->used = ++s->clock;
	return rc;
}

static int sharded_get(struct tensor_set *set, struct tensor_info *info)
{
	char quoted[QUOTED_MAX], file[QUOTED_MAX];
	uint32_t part = info->part;
	struct shard *one = NULL;
	uint64_t i;
	int rc = shard_use(set, part, &one);

	if (rc == 0)
		rc = table_find(one->set->rows, info->name, &i);
	else
		return err_add(rc, "tensor %s", quoted_name(info->name, quoted));
	if (rc == 0)
		return err_set(ERR_INVALID, "InvalidIndex: tensor %s is not in its file %s", quoted_name(info->name, quoted),
			       quoted_name(one->name, file));
	if (rc == 1)
		rc = tensor_get(one->set, i, info);
	info->part = part;
	return rc;
}

static int sharded_part(struct tensor_set *set, uint32_t part, struct tensor_in **in)
{
	struct shard *one;
	int rc = shard_use(set, part, &one);

	if (rc == 0)
		*in = one->set->in;
	return rc;
}

static int sharded_part_name(struct tensor_set *set, uint32_t part, struct span *name)
{
	struct shards *s;
	int rc = shard_at(set, part, &s);

	if (rc == 0)
		*name = s->shard[part].name;
	return rc;
}

static void sharded_opened(const struct tensor_set *set, uint64_t *n_blocks, uint64_t *n_bytes)
{
	const struct shards *s = set->more;
	uint64_t blocks, bytes;
	unsigned i;

	for (i = 0; s && i < s->n; i++) {
		if (!s->shard[i].set)
			continue;
		tensor_opened(s->shard[i].set, &blocks, &bytes);
		*n_blocks += blocks;
		*n_bytes += bytes;
	}
	*n_blocks += s ? s->n_blocks : 0;
	*n_bytes += s ? s->n_bytes : 0;
}

static int sharded_meta(struct tensor_set *set, int (*fn)(void *arg, struct span key, struct span value), void *arg)
{
	struct rd r = rd_from(table_note(set->rows));
	struct in_range range = { .in = set->in, .off = rd_le64(&r) };

	range.end = rd_le64(&r);
	return meta_read(&range, fn, arg);
}

static void sharded_close(struct tensor_set *set)
{
	struct shards *s = set->more;
	unsigned i;

	for (i = 0; s && i < s->n; i++)
		tensor_close(s->shard[i].set);
	free(s);
}

const struct tensor_format tensor_sharded = {
	.looks = sharded_looks, .read = sharded_read, .get = sharded_get, .meta = sharded_meta, .part = sharded_part,
	.part_name = sharded_part_name, .opened = sharded_opened, .close = sharded_close
};

/* ---- folders ---- */

struct found {
	unsigned n_indexes, n_files;
	struct buf index, file;		/* the first of each */
};

static int ends(struct span s, const char *end)
{
	size_t len = strlen(end);

	return s.len > len && memcmp(s.p + s.len - len, end, len) == 0;
}

static int note_name(void *arg, struct span name)
{
	struct found *f = arg;

	if (ends(name, ".safetensors.index.json"))
		return f->n_indexes++ ? 0 : buf_add(&f->index, name);
	if (ends(name, ".safetensors"))
		return f->n_files++ ? 0 : buf_add(&f->file, name);
	return 0;
}

int set_find_in_dir(struct tensor_place *place, struct buf *name)
{
	struct found f = { .index = BUF_INIT(TENSOR_NAME_MAX), .file = BUF_INIT(TENSOR_NAME_MAX) };
	int rc = place->list(place, note_name, &f);

	if (rc == 0 && f.n_indexes > 1)
		rc = err_set(ERR_INVALID, "a directory with %u indexes (*.safetensors.index.json): name one of them", f.n_indexes);
	else if (rc == 0 && f.n_indexes == 0 && f.n_files != 1)
		rc = err_set(ERR_INVALID, f.n_files ? "a directory with several *.safetensors and no index of them: name one" :
			     "a directory without *.safetensors and without an index of them");
	if (rc == 0)
		rc = buf_add(name, buf_span(f.n_indexes ? &f.index : &f.file));
	buf_clear(&f.index);
	buf_clear(&f.file);
	return rc;
}
