/* settings_test.c - presets, the environment, and settings that contradict each other */
#include "rig.h"

static const char *env[] = {
	"IPFRS_LISTEN_ADDR", "IPFRS_TLS_CERT", "IPFRS_TLS_KEY", "IPFRS_RATE_LIMIT", "IPFRS_CORS_ORIGINS",
	"IPFRS_MAX_BODY_SIZE"
};

static void no_env(void)
{
	size_t i;

	for (i = 0; i < sizeof env / sizeof *env; i++)
		unsetenv(env[i]);
}

static void presets_fill_what_nobody_set(void)
{
	struct config *c = rig_config("rate.requests = 77\nserve.log = json\n");

	CHECK(front_preset(c, "production") == 0);
	CHECK_STR(front_text(c, "serve.listen"), "0.0.0.0:8080");
	CHECK_STR(front_text(c, "serve.sandbox"), "must");
	CHECK_STR(front_text(c, "compress.level"), "best");
	CHECK_STR(front_text(c, "compress.min-size"), "512");
	CHECK_STR(front_text(c, "serve.log"), "json");
	CHECK(front_number(c, "rate.requests") == 77);
	config_free(c);

	c = rig_config("");
	CHECK(front_preset(c, "testing") == 0);
	CHECK_STR(front_text(c, "serve.listen"), "127.0.0.1:0");
	CHECK_STR(front_text(c, "compress.codings"), "");
	CHECK(front_number(c, "compress.min-size") == 1048576);
	config_free(c);

	c = rig_config("");
	CHECK(front_preset(c, "development") == 0);
	CHECK_STR(front_text(c, "compress.codings"), "gzip");
	CHECK_STR(front_text(c, "serve.metrics"), "all");
	CHECK_ERR(front_preset(c, "holiday"), ERR_USAGE);
	CHECK(strstr(err_text(), "holiday") && strstr(err_text(), "production"));
	config_free(c);
}

/* every preset makes a server that can be started */
static void presets_fit_together(void)
{
	static const char *const names[] = { "production", "development", "testing" };
	struct config *c;
	struct front *f;
	size_t i;

	rig_open("");
	for (i = 0; i < 3; i++) {
		c = rig_config("");
		NEED(front_preset(c, names[i]) == 0);
		CHECK(front_new(&f, rig.path, c, FRONT_GATEWAY) == 0);
		front_free(f);
		config_free(c);
	}
}

static void environment(void)
{
	struct config *c = rig_config("serve.listen = 127.0.0.1:1\nrate.requests = 9999\nrate.seconds = 1\n");

	setenv("IPFRS_LISTEN_ADDR", "127.0.0.1:2", 1);
	setenv("IPFRS_TLS_CERT", "/a.pem", 1);
	setenv("IPFRS_TLS_KEY", "/b.pem", 1);
	setenv("IPFRS_RATE_LIMIT", "100", 1);
	setenv("IPFRS_CORS_ORIGINS", "https://a.example,https://b.example", 1);
	setenv("IPFRS_MAX_BODY_SIZE", "1048576", 1);
	CHECK(front_env(c) == 0);
	CHECK_STR(front_text(c, "serve.listen"), "127.0.0.1:2");
	CHECK_STR(front_text(c, "serve.tls-cert"), "/a.pem");
	CHECK_STR(front_text(c, "serve.tls-key"), "/b.pem");
	CHECK(front_number(c, "rate.requests") == 100 && front_number(c, "rate.seconds") == 60);
	CHECK(front_number(c, "rate.burst") == 10);
	CHECK(front_number(c, "serve.body-max") == 1048576);
	CHECK(front_worded(span_str(front_text(c, "cors.origins")), span_str("https://b.example")));
	no_env();
	config_free(c);
}

static void environment_names_the_variable(void)
{
	struct config *c = rig_config("");

	setenv("IPFRS_RATE_LIMIT", "plenty", 1);
	CHECK_ERR(front_env(c), ERR_USAGE);
	CHECK(strstr(err_text(), "$IPFRS_RATE_LIMIT"));
	no_env();
	setenv("IPFRS_MAX_BODY_SIZE", "-1", 1);
	CHECK_ERR(front_env(c), ERR_USAGE);
	CHECK(strstr(err_text(), "$IPFRS_MAX_BODY_SIZE"));
	no_env();
	config_free(c);
}

/* a small limit from the environment was refused for the sake of a burst that nobody had asked for */
static void a_small_limit_bounds_the_burst(void)
{
	struct config *c = rig_config("");
	struct front *f;

	rig_open("");
	NEED(front_preset(c, "production") == 0);
	setenv("IPFRS_RATE_LIMIT", "5", 1);
	CHECK(front_env(c) == 0);
	no_env();
	CHECK(front_number(c, "rate.burst") == 5);
	CHECK(front_new(&f, rig.path, c, FRONT_GATEWAY) == 0);
	CHECK(f && f->burst == 5);
	front_free(f);
	config_free(c);
	rig_open("rate.requests = 3\n");
	CHECK(rig.f->burst == 3);
}

static void refused(const char *text, const char *says)
{
	struct config *c = rig_config(text);
	struct front *f = NULL;

	CHECK_ERR(front_new(&f, rig.path, c, FRONT_GATEWAY), ERR_USAGE);
	CHECK(f == NULL && strstr(err_text(), says));
	config_free(c);
}

static void contradictions(void)
{
	rig_open("");
	refused("rate.requests = 5\nrate.burst = 6\n", "rate.burst");
	refused("cors.credentials = yes\n", "cors.origins");
	refused("cors.credentials = yes\ncors.origins =\n", "cors.origins");
	refused("rate.trusted = 10.0.0.1 proxy.example\n", "proxy.example");
	refused("rate.trusted = 10.0.0.0/33\n", "10.0.0.0/33");
}

static void numbers_and_words(void)
{
	struct config *c = rig_config("serve.line-max = 4KiB\ncompress.level = best\n");
	struct span rest = span_str(" a,b\t ,c  "), w;

	CHECK(front_number(c, "serve.line-max") == 4096);
	CHECK(front_number(c, "compress.level") == 0);
	CHECK_STR(front_text(c, "no.such"), "");
	CHECK(front_is_set(c, "serve.line-max") && !front_is_set(c, "serve.head-max") && !front_is_set(c, "no.such"));
	CHECK(front_word(&rest, &w) && span_equal(w, span_str("a")));
	CHECK(front_word(&rest, &w) && span_equal(w, span_str("b")));
	CHECK(front_word(&rest, &w) && span_equal(w, span_str("c")));
	CHECK(!front_word(&rest, &w));
	CHECK(!front_worded(span_str("ab"), span_str("a")) && !front_worded(span_str(""), span_str("")));
	config_free(c);
}

static void codings_in_their_order(void)
{
	rig_open("compress.codings = br, gzip\ncompress.level = fastest\ncompress.min-size = 2KiB\n");
	CHECK(rig.f->n_codings == 2 && rig.f->which[0] == HTTP_BR && rig.f->which[1] == HTTP_GZIP);
	CHECK(rig.f->level == 1 && rig.f->coding_min == 2048);
	rig_open("compress.codings = gzip gzip gzip gzip gzip gzip\ncompress.level = 7\n");
	CHECK(rig.f->n_codings <= HTTP_CODINGS && rig.f->level == 7);
	rig_open("compress.codings =\n");
	CHECK(rig.f->n_codings == 0);
}

int main(void)
{
	no_env();
	unsetenv("IPFS_NS_MAP");
	RUN(presets_fill_what_nobody_set);
	RUN(presets_fit_together);
	RUN(environment);
	RUN(environment_names_the_variable);
	RUN(a_small_limit_bounds_the_burst);
	RUN(contradictions);
	RUN(numbers_and_words);
	RUN(codings_in_their_order);
	rig_close();
	return UNIT_END();
}
