/* pile.c, overlay.c: what grows without growing in memory, and what does not grow */
#include "pintest.h"

/* far more than the memory of a pile, pushed and popped in turns */
static void last_in_first_out(void)
{
	struct pile *p;
	struct cid cid;
	uint64_t i, n = 0, top = 0;
	uint64_t *model = calloc(400000, sizeof *model);
	int bad = 0;

	NEED(pile_new(&p, unit_tmpdir()) == 0);
	for (i = 0; i < 600000; i++) {
		int down = i > 300000 || (i & 1023) > 900;	/* by and large up, then down */

		if (down && n > 0) {
			struct cid want = some_cid(model[--n]);

			bad += pile_pop(p, &cid) != 1 || !cid_equal(&cid, &want);
		} else if (!down) {
			cid = some_cid(top);
			bad += pile_push(p, &cid) != 0;
			model[n++] = top++;
		}
	}
	CHECK(bad == 0 && top > 200000);
	while (n > 0 && bad == 0) {
		struct cid want = some_cid(model[--n]);

		bad += pile_pop(p, &cid) != 1 || !cid_equal(&cid, &want);
	}
	CHECK(bad == 0 && pile_pop(p, &cid) == 0);
	cid = some_cid(1);
	CHECK(pile_push(p, &cid) == 0);
	pile_empty(p);
	CHECK(pile_pop(p, &cid) == 0);
	pile_free(p);
	free(model);
}

static void the_newest_word_counts(void)
{
	struct overlay o, s;
	const struct over *v;
	struct cid cid;
	uint64_t i;
	int bad = 0;

	overlay_init(&o);
	cid = some_cid(0);
	CHECK(overlay_find(&o, &cid) == NULL);
	for (i = 0; i < 3000; i++) {
		cid = some_cid(i % 1000);
		bad += overlay_set(&o, &cid, i < 2000 ? PIN_RECURSIVE : PIN_NONE,
				   i < 1000 ? "old" : "new") < 0;
	}
	CHECK(!bad && o.n == 1000);
	for (i = 0; i < 1000; i++) {
		cid = some_cid(i);
		v = overlay_find(&o, &cid);
		bad += !v || v->mode != PIN_NONE || strcmp(over_name(&o, v), "new");
	}
	cid = some_cid(1001);
	CHECK(!bad && !overlay_find(&o, &cid));
	NEED(overlay_sorted(&o, &s) == 0);
	for (i = 1; i < s.n; i++)
		bad += span_cmp(over_key(&s, &s.over[i - 1]), over_key(&s, &s.over[i])) >= 0;
	CHECK(!bad && s.n == 1000);
	overlay_clear(&s);
	overlay_clear(&o);
}

int main(void)
{
	RUN(last_in_first_out);
	RUN(the_newest_word_counts);
	return UNIT_END();
}
