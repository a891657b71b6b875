/* slice_test.c - slices as people write them: what they mean, and what is said of those that mean nothing */
#include "tensor/tensor.h"
#include "tests/unit/unit.h"

static const uint64_t shape3[] = { 10, 4, 7 };

/* "start+count*step" a dimension, '!' behind those that are gone; or the complaint */
static const char *meant(const char *text, int flags, unsigned rank, const uint64_t *shape)
{
	static char out[512];
	struct tensor_slice s;
	size_t n = 0;
	unsigned i;

	if (tensor_slice_parse(&s, span_str(text), flags, rank, shape) != 0)
		return err_text();
	out[0] = 0;
	for (i = 0; i < s.rank; i++)
		n += (size_t)snprintf(out + n, sizeof out - n, "%s%" PRIu64 "+%" PRIu64 "*%" PRId64 "%s", i ? " " : "",
				      s.dim[i].start, s.dim[i].count, s.dim[i].step, s.dim[i].gone ? "!" : "");
	return out;
}

static const char *of3(const char *text)
{
	return meant(text, 0, 3, shape3);
}

static const char *of1(const char *text, uint64_t size)
{
	return meant(text, 0, 1, &size);
}

static void what_is_meant(void)
{
	CHECK_STR(of3("0:10,0:4,0:7"), "0+10*1 0+4*1 0+7*1");
	CHECK_STR(of3("3"), "3+1*1! 0+4*1 0+7*1");
	CHECK_STR(of3("3,-1,-7"), "3+1*1! 3+1*1! 0+1*1!");
	CHECK_STR(of3(":,1:,:5"), "0+10*1 1+3*1 0+5*1");
	CHECK_STR(of3("*,1+2,*"), "0+10*1 1+2*1 0+7*1");
	CHECK_STR(of3("-3+3"), "7+3*1 0+4*1 0+7*1");
	CHECK_STR(of3("..."), "0+10*1 0+4*1 0+7*1");
	CHECK_STR(of3("...,2"), "0+10*1 0+4*1 2+1*1!");
	CHECK_STR(of3("2,...,3:5"), "2+1*1! 0+4*1 3+2*1");
	CHECK_STR(of3("1,2,3,..."), "1+1*1! 2+1*1! 3+1*1!");
	CHECK_STR(of3("...,1,2,3"), "1+1*1! 2+1*1! 3+1*1!");
	CHECK_STR(of3(" [ 1 : 5 : 2 , - 2 , : : - 1 ] "), "1+2*2 2+1*1! 6+7*-1");
	CHECK_STR(of3("\t1\t+\t2"), "1+2*1 0+4*1 0+7*1");
	CHECK_STR(meant("3,1:2", SLICE_KEEP, 3, shape3), "3+1*1 1+1*1 0+7*1");
	CHECK_STR(meant("...", SLICE_EXACT, 3, shape3), "0+10*1 0+4*1 0+7*1");
	CHECK_STR(meant("...", SLICE_EXACT, 0, NULL), "");
	/* reference 5.3.1: the parse test of the published servers */
	CHECK_STR(meant("0:10,5:15", SLICE_KEEP | SLICE_EXACT | SLICE_NONEMPTY, 2, (uint64_t[]){ 20, 20 }), "0+10*1 5+10*1");
}

/* as NumPy, but that nothing is clipped */
static void steps(void)
{
	CHECK_STR(of1("::2", 9), "0+5*2");
	CHECK_STR(of1("::2", 10), "0+5*2");
	CHECK_STR(of1("1::3", 8), "1+3*3");
	CHECK_STR(of1("::100", 10), "0+1*100");
	CHECK_STR(of1("::-1", 10), "9+10*-1");
	CHECK_STR(of1("::-3", 10), "9+4*-3");
	CHECK_STR(of1("8:2:-2", 10), "8+3*-2");
	CHECK_STR(of1("2::-1", 10), "2+3*-1");
	CHECK_STR(of1(":2:-1", 10), "9+7*-1");
	CHECK_STR(of1("-1:-4:-1", 10), "9+3*-1");
	CHECK_STR(of1("2:8:-1", 10), "2+0*-1");
	CHECK_STR(of1("8:2", 10), "8+0*1");
	CHECK_STR(of1("10:", 10), "10+0*1");
	CHECK_STR(of1("5+0", 10), "5+0*1");
	CHECK_STR(of1(":", 0), "0+0*1");
	CHECK_STR(of1("::-1", 0), "0+0*-1");
	CHECK_STR(of1("0:0", 0), "0+0*1");
	CHECK_STR(of1("-0", 3), "0+1*1!");
	CHECK_STR(of1("007", 8), "7+1*1!");
}

static void what_means_nothing(void)
{
	static const struct { const char *text, *says; } bad[] = {
		{ "10", "slice dimension #0: index 10 is out of bounds for size 10" },
		{ "-11", "slice dimension #0: index -11 is out of bounds for size 10" },
		{ "0,4", "slice dimension #1: index 4 is out of bounds for size 4" },
		{ ":,:,3:8", "slice dimension #2: end 8 is out of bounds for size 7" },
		{ "11:", "slice dimension #0: start 11 is out of bounds for size 10" },
		{ "10::-1", "slice dimension #0: start 10 is out of bounds for size 10" },
		{ "::0", "slice dimension #0: the step is 0" },
		{ "2+9", "slice dimension #0: count 9 is out of bounds for size 10" },
		{ "11+0", "slice dimension #0: start 11 is out of bounds for size 10" },
		{ "1+", "slice dimension #0: a count should follow the '+'" },
		{ "1+-1", "slice dimension #0: a count should follow the '+'" },
		{ "-", "slice dimension #0: a number should follow the '-'" },
		{ "+3", "slice dimension #0: an index, a range a:b or '*' is wanted" },
		{ "", "slice dimension #0: an index, a range a:b or '*' is wanted" },
		{ "[]", "slice dimension #0: an index, a range a:b or '*' is wanted" },
		{ "1,", "slice dimension #1: an index, a range a:b or '*' is wanted" },
		{ ",1", "slice dimension #0: an index, a range a:b or '*' is wanted" },
		{ "1:2:3:4", "slice dimension #0: a ',' should be between two dimensions" },
		{ "1 2", "slice dimension #0: a ',' should be between two dimensions" },
		{ "0x1", "slice dimension #0: a ',' should be between two dimensions" },
		{ "1.5", "slice dimension #0: a ',' should be between two dimensions" },
		{ "99999999999999999999", "slice dimension #0: a number is too large" },
		{ "1,2,3,4", "Slice dimensions (4) don't match tensor dimensions (3)" },
		{ "1,2,3,4,...", "Slice dimensions (4) don't match tensor dimensions (3)" },
		{ "...,...", "\"...\" stands twice in a slice" },
		{ "[1", "a slice that begins with '[' should end with ']'" },
		{ "[", "a slice that begins with '[' should end with ']'" },
		{ "1]", "slice dimension #0: a ',' should be between two dimensions" },
	};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct tensor_slice s;

		CHECK_ERR(tensor_slice_parse(&s, span_str(bad[i].text), 0, 3, shape3), ERR_USAGE);
		CHECK_STR(of3(bad[i].text), bad[i].says);
	}
	CHECK_STR(meant("0", 0, 0, NULL), "Slice dimensions (1) don't match tensor dimensions (0)");
	CHECK_STR(of1("0", 0), "slice dimension #0: index 0 is out of bounds for size 0");
	CHECK_STR(of1("0::-1", 0), "slice dimension #0: start 0 is out of bounds for size 0");
}

static void what_the_http_api_wants(void)
{
	const int flags = SLICE_KEEP | SLICE_EXACT | SLICE_NONEMPTY;

	CHECK_STR(meant("0:10,5:15", flags, 3, shape3), "Slice dimensions (2) don't match tensor dimensions (3)");
	CHECK_STR(meant("3,1:2,2:", flags, 3, shape3), "3+1*1 1+1*1 2+5*1");
	CHECK_STR(meant(":,2:2,:", flags, 3, shape3), "slice dimension #1: the start should be before the end");
	CHECK_STR(meant(":,:,3:2", flags, 3, shape3), "slice dimension #2: the start should be before the end");
	CHECK_STR(meant("10:,:,:", flags, 3, shape3), "slice dimension #0: start 10 is out of bounds for size 10");
	CHECK_STR(meant(":,:,0:8", flags, 3, shape3), "slice dimension #2: end 8 is out of bounds for size 7");
	CHECK_STR(meant("1+0,:,:", flags, 3, shape3), "slice dimension #0: the count should not be 0");
}

static void shapes(void)
{
	uint64_t shape[TENSOR_RANK_MAX];
	struct tensor_slice s;

	CHECK(tensor_slice_parse(&s, span_str("1,::2,3"), 0, 3, shape3) == 0);
	CHECK(tensor_slice_shape(&s, shape) == 1 && shape[0] == 2);
	CHECK(tensor_slice_parse(&s, span_str("1,::2,3"), SLICE_KEEP, 3, shape3) == 0);
	CHECK(tensor_slice_shape(&s, shape) == 3 && shape[0] == 1 && shape[1] == 2 && shape[2] == 1);
	tensor_slice_all(&s, 3, shape3);
	CHECK(tensor_slice_shape(&s, shape) == 3 && memcmp(shape, shape3, sizeof shape3) == 0);
	tensor_slice_all(&s, 0, NULL);
	CHECK(tensor_slice_shape(&s, shape) == 0);
}

int main(void)
{
	RUN(what_is_meant);
	RUN(steps);
	RUN(what_means_nothing);
	RUN(what_the_http_api_wants);
	RUN(shapes);
	return UNIT_END();
}
