/* table.c - tables of text, whichever way they are written */
#include "base/err.h"
#include "table/table_priv.h"

int table_infer(const struct table_opts *o, struct table_in in, const struct table_schema *want, struct table_schema *out)
{
	int rc;

	*out = (struct table_schema){ 0 };
	rc = o->form == TABLE_CSV ? csv_infer(o, in, want, out) : jsonl_infer(o, in, want, out);
	if (rc < 0)
		table_schema_clear(out);
	return rc;
}

int table_arrow(const struct table_opts *o, struct table_in in, const struct table_schema *s, struct sink *out)
{
	if (!table_schema_known(s))
		return err_set(ERR_USAGE, "the schema has columns without a type");
	return o->form == TABLE_CSV ? csv_arrow(o, in, s, out) : jsonl_arrow(o, in, s, out);
}
