/* dag_stat_text.c - the table and the figures of `ipfs dag stat` */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "ops/dag.h"

/* ---- numbers as Go writes them ---- */

/* as github.com/dustin/go-humanize writes bytes */
const char *ops_human(uint64_t n, char out[32])
{
	static const char unit[][3] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double val, pow = 1;
	int e = 0;

	for (val = (double)n; val >= 1000 && e < 6; e++, val = (double)n / pow)
		pow *= 1000;
	val = (double)(uint64_t)(val * 10 + 0.5) / 10;
	if (n < 10)
		snprintf(out, 32, "%" PRIu64 " B", n);
	else
		snprintf(out, 32, val < 10 ? "%.1f %s" : "%.0f %s", val, unit[e]);
	return out;
}

/* the shortest digits that are this number in single precision */
static int add_float(struct buf *out, const char *key, float f)
{
	char digits[32];
	int n = 1, rc = json_key(out, key);

	do
		snprintf(digits, sizeof digits, "%.*g", n, (double)f);
	while (strtof(digits, NULL) != f && n++ < 9);
	return rc < 0 ? rc : buf_str(out, digits);
}

/* ---- a row a root ---- */

static int root_json(const struct ops_dag_root *r, const char *text, struct buf *rows)
{
	int rc = buf_printf(rows, "%s{\"Cid\":\"%s\"", rows->len ? "," : "", text);

	if (rc == 0 && r->bytes)
		rc = json_num(rows, "Size", r->bytes);
	if (rc == 0 && r->n_blocks)
		rc = json_num(rows, "NumBlocks", r->n_blocks);
	return rc < 0 ? rc : buf_u8(rows, '}');
}

int ops_dag_root_text(const struct ops_dag_root *r, enum ops_form form, struct buf *rows)
{
	char room[CID_TEXT_MAX];
	const char *text = r->name ? r->name : cid_text(&r->cid, room);
	int rc = 0;

	if (form == OPS_JSON)
		return root_json(r, text, rows);
	if (rows->len == 0)
		rc = buf_printf(rows, "\n%-*s\t%-15s\tSize\n", (int)strlen(text), "CID", "Blocks");
	return rc < 0 ? rc : buf_printf(rows, "%s\t%-15" PRIu64 "\t%" PRIu64 "\n", text, r->n_blocks,
					r->bytes);
}

/* ---- the sum ---- */

/* Kubo leaves out what is 0 */
static int sum_json(const struct ops_dag_sum *s, struct span rows, struct buf *out)
{
	int rc = buf_u8(out, '{');

	if (rc == 0 && s->n_blocks)
		rc = json_num(out, "UniqueBlocks", s->n_blocks);
	if (rc == 0 && s->bytes)
		rc = json_num(out, "TotalSize", s->bytes);
	if (rc == 0 && s->shared)
		rc = json_num(out, "SharedSize", s->shared);
	if (rc == 0 && s->ratio > 0)
		rc = add_float(out, "Ratio", s->ratio);
	if (rc == 0)
		rc = json_key(out, "DagStats");
	if (rc == 0)
		rc = buf_u8(out, '[');
	if (rc == 0)
		rc = buf_add(out, rows);
	return rc < 0 ? rc : buf_str(out, "]}");
}

int ops_dag_sum_text(const struct ops_dag_sum *s, struct span rows, enum ops_form form, struct buf *out)
{
	char total[32], shared[32];
	int rc;

	if (form == OPS_JSON)
		return sum_json(s, rows, out);
	rc = buf_add(out, rows);
	if (rc == 0)
		rc = buf_printf(out, "\nSummary\nTotal Size: %" PRIu64 " (%s)\nUnique Blocks: %" PRIu64
				"\nShared Size: %" PRIu64 " (%s)\n", s->bytes, ops_human(s->bytes, total),
				s->n_blocks, s->shared, ops_human(s->shared, shared));
	/* without its last newline, which ends the record; 0 of 0 as Go writes it */
	if (rc == 0)
		rc = s->bytes ? buf_printf(out, "Ratio: %f\n\n", (double)s->ratio) :
		     buf_str(out, "Ratio: NaN\n\n");
	return rc;
}
