#include "key/key.h"
#include "rpc.h"

/* RFC 8032 7.1, test 1, in every form; what Kubo makes of it */
#define ID "k51qzi5uqu5dljtg5upm7x7ugan9lql3ewyknv4r4mhhkwzn8n7cnbd1unfwgq"
#define PEM "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n" \
	    "-----END PRIVATE KEY-----\n"
#define SIG "upyRGeV9gDgslXBcXK6qJdJbPZdJnWuMmnbyxSpfsyZlGodo_NxsnfSTAnJPPAFEVdRyaEBGasWC_-ZFjcuWqCQ"
static const uint8_t protobuf[] = {
	0x08, 0x01, 0x12, 0x40, 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
	0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
	0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1,
	0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a
};

#define ERROR(text) "{\"Message\":\"" text "\",\"Code\":0,\"Type\":\"error\"}\n"

static char self[CID_TEXT_MAX], self_peer[CID_TEXT_MAX];

static void learn_self(void)
{
	struct buf text = BUF_INIT(CID_TEXT_MAX);
	struct key *k = NULL;

	NEED(key_self(rpc_now.path, &k) == 0);
	cid_text(key_name(k), self);
	NEED(key_id_peer(key_name(k), &text) == 0);
	snprintf(self_peer, sizeof self_peer, "%s", (char *)text.data);
	buf_clear(&text);
	key_free(k);
}

static void is_said(const char *fmt, const char *a, const char *b)
{
	char want[4096];

	snprintf(want, sizeof want, fmt, a, b);
	CHECK_STR(rpc_body(), want);
}

/* the node's own key is there from the first question on, and stays the same */
static void self_is_there(void)
{
	CHECK(rpc("key/list") == 200);
	learn_self();
	is_said("{\"Keys\":[{\"Name\":\"self\",\"Id\":\"%s\"}]}\n", self, NULL);
	CHECK(rpc("key/ls?ipns-base=b58mh") == 200);
	is_said("{\"Keys\":[{\"Name\":\"self\",\"Id\":\"%s\"}]}\n", self_peer, NULL);
	CHECK(rpc("key/ls?l=1&enc=text") == 200);
	is_said("%s self \n", self, NULL);
	CHECK(rpc("key/ls?ipns-base=zz") == 500);
	CHECK_STR(rpc_body(), ERROR("cannot get key encoder: unsupported multibase encoding: zz"));
}

static void imports(void)
{
	rpc_part("form-data; name=\"key\"", NULL, span_of(protobuf, sizeof protobuf));
	CHECK(rpc_send("key/import?arg=rfc") == 200);
	CHECK_STR(rpc_body(), "{\"Name\":\"rfc\",\"Id\":\"" ID "\"}\n");
	rpc_part("form-data; name=\"key\"", NULL, span_of(protobuf, sizeof protobuf));
	CHECK(rpc_send("key/import?arg=rfc") == 500);
	CHECK_STR(rpc_body(), ERROR("key with name 'rfc' already exists"));
	rpc_file("", PEM);
	CHECK(rpc_send("key/import?arg=pem&format=pem-pkcs8-cleartext&enc=text") == 200);
	CHECK_STR(rpc_body(), ID "\n");
	rpc_file("", PEM);
	CHECK(rpc_send("key/import?arg=x") == 500);
	CHECK_STR(rpc_body(), ERROR("unexpected PEM block for format=libp2p-protobuf-cleartext: try again with "
				    "format=pem-pkcs8-cleartext"));
	rpc_file("", "hello");
	CHECK(rpc_send("key/import?arg=x&format=pem-pkcs8-cleartext") == 500);
	CHECK_STR(rpc_body(), ERROR("PEM block not found in input data"));
	rpc_file("", "-----BEGIN RSA PRIVATE KEY-----\n");
	CHECK(rpc_send("key/import?arg=x&format=pem-pkcs8-cleartext") == 500);
	CHECK_STR(rpc_body(), ERROR("expected PRIVATE KEY type in PEM block but got: RSA PRIVATE KEY"));
	rpc_file("", "hello");
	CHECK(rpc_send("key/import?arg=x&format=nope") == 500);
	CHECK_STR(rpc_body(), ERROR("unrecognized import format: nope"));
	rpc_file("", "hello");
	CHECK(rpc_send("key/import?arg=self") == 500);
	CHECK_STR(rpc_body(), ERROR("cannot import key with name 'self'"));
	CHECK(rpc("key/import?arg=x") == 400);
	CHECK_STR(rpc_body(), "file argument 'key' is required\n");
}

/* as Kubo: types beyond those it makes only when asked for */
static void ecdsa_is_taken_on_request(void)
{
	struct buf pb = BUF_INIT(KEY_PRIVATE_MAX);
	struct key *k = NULL;

	NEED(key_generate(KEY_ECDSA, 0, &k) == 0 && key_encode(k, &pb) == 0);
	rpc_part("form-data; name=\"key\"", NULL, buf_span(&pb));
	CHECK(rpc_send("key/import?arg=ec") == 500);
	CHECK(strstr(rpc_body(), "only RSA, Ed25519, or Secp256k1; use flag --allow-any-key-type") != NULL);
	rpc_part("form-data; name=\"key\"", NULL, buf_span(&pb));
	CHECK(rpc_send("key/import?arg=ec&allow-any-key-type=true") == 200);
	CHECK(rpc("key/rm?arg=ec") == 200);
	key_wipe(&pb);
	key_free(k);
}

static void signs_as_kubo_does(void)
{
	rpc_file("", "hello");
	CHECK(rpc_send("key/sign?key=rfc") == 200);
	CHECK_STR(rpc_body(), "{\"Key\":{\"Name\":\"rfc\",\"Id\":\"" ID "\"},\"Signature\":\"" SIG "\"}\n");
	rpc_file("", "hello");
	CHECK(rpc_send("key/verify?key=rfc&signature=" SIG) == 200);
	CHECK_STR(rpc_body(), "{\"Key\":{\"Name\":\"rfc\",\"Id\":\"" ID "\"},\"SignatureValid\":true}\n");
	rpc_file("", "hello");
	CHECK(rpc_send("key/verify?key=/ipns/" ID "&signature=" SIG) == 200);
	CHECK_STR(rpc_body(), "{\"Key\":{\"Name\":\"\",\"Id\":\"" ID "\"},\"SignatureValid\":true}\n");
	rpc_file("", "hallo");
	CHECK(rpc_send("key/verify?key=" ID "&signature=" SIG) == 200);
	CHECK_STR(rpc_body(), "{\"Key\":{\"Name\":\"\",\"Id\":\"" ID "\"},\"SignatureValid\":false}\n");
	rpc_file("", "hello");
	CHECK(rpc_send("key/verify?signature=" SIG) == 200);
	is_said("{\"Key\":{\"Name\":\"self\",\"Id\":\"%s\"},\"SignatureValid\":false}\n", self, NULL);
	rpc_file("", "hello");
	CHECK(rpc_send("key/sign?key=nope") == 500);
	CHECK_STR(rpc_body(), ERROR("no key by the given name was found"));
	rpc_file("", "hello");
	CHECK(rpc_send("key/verify") == 500);
	CHECK_STR(rpc_body(), ERROR("cannot decode multibase for zero length string"));
	rpc_file("", "hello");
	CHECK(rpc_send("key/verify?signature=x") == 500);
	CHECK_STR(rpc_body(), ERROR("selected encoding not supported"));
	rpc_file("", "hello");
	CHECK(rpc_send("key/verify?key=nope&signature=" SIG) == 500);
	CHECK_STR(rpc_body(), ERROR("'\\\"nope\\\"' is not a known key, an IPNS Name, or a valid PeerID"));
}

static void makes(void)
{
	static const char *const bad[][2] = {
		{ "arg=self", ERROR("cannot create key with name 'self'") },
		{ "arg=rfc", ERROR("key with name 'rfc' already exists") },
		{ "arg=", ERROR("key name must be at least one character") },
		{ "arg=d&type=nope", ERROR("unrecognized key type: nope") },
		{ "arg=d&size=2048", ERROR("invalid key size 2048: ed25519 keys are always 256 bits") },
		{ "arg=d&type=rsa&size=1024", ERROR("rsa keys must be \\u003e= 2048 bits to be useful") },
		{ "arg=d&type=rsa&size=9000", ERROR("rsa keys must be \\u003c= 8192 bits") },
	};
	char call[128], text[CID_TEXT_MAX];
	struct key *k = NULL;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(call, sizeof call, "key/gen?%s", bad[i][0]);
		CHECK(rpc(call) == 500);
		CHECK_STR(rpc_body(), bad[i][1]);
	}
	CHECK(rpc("key/gen?arg=made&type=secp256k1&size=-1") == 200);
	NEED(key_load(rpc_now.path, "made", &k) == 0);
	CHECK(key_type(k) == KEY_SECP256K1);
	is_said("{\"Name\":\"made\",\"Id\":\"%s\"}\n", cid_text(key_name(k), text), NULL);
	key_free(k);
}

static void renames(void)
{
	CHECK(rpc("key/rename?arg=pem&arg=rfc") == 500);
	CHECK_STR(rpc_body(), ERROR("key by that name already exists, refusing to overwrite"));
	CHECK(rpc("key/rename?arg=pem&arg=made&force=true") == 200);
	CHECK_STR(rpc_body(), "{\"Was\":\"pem\",\"Now\":\"made\",\"Id\":\"" ID "\",\"Overwrite\":true}\n");
	CHECK(rpc("key/rename?arg=made&arg=made") == 200);
	CHECK_STR(rpc_body(), "{\"Was\":\"made\",\"Now\":\"made\",\"Id\":\"" ID "\",\"Overwrite\":false}\n");
	CHECK(rpc("key/rename?arg=made&arg=b&enc=text") == 200);
	CHECK_STR(rpc_body(), "Key " ID " renamed to b\n");
	CHECK(rpc("key/rename?arg=nope&arg=q") == 500);
	CHECK_STR(rpc_body(), ERROR("no key named nope was found"));
	CHECK(rpc("key/rename?arg=self&arg=q") == 500);
	CHECK_STR(rpc_body(), ERROR("cannot rename key with name 'self'"));
	CHECK(rpc("key/rename?arg=b&arg=self&force=1") == 500);
	CHECK_STR(rpc_body(), ERROR("cannot overwrite key with name 'self'"));
}

static void removes_all_or_none(void)
{
	CHECK(rpc("key/rm?arg=b&arg=nope") == 500);
	CHECK_STR(rpc_body(), ERROR("no key named nope was found"));
	CHECK(rpc("key/ls?enc=text") == 200);
	CHECK_STR(rpc_body(), "self\nb\nrfc\n");
	CHECK(rpc("key/rm?arg=b&arg=rfc&l=1&enc=text") == 200);
	CHECK_STR(rpc_body(), ID " b   \n" ID " rfc \n");
	CHECK(rpc("key/rm?arg=self") == 500);
	CHECK_STR(rpc_body(), ERROR("cannot remove key with name 'self'"));
	CHECK(rpc("key/list") == 200);
	is_said("{\"Keys\":[{\"Name\":\"self\",\"Id\":\"%s\"}]}\n", self, NULL);
}

/* a private key does not leave by the network */
static void nothing_is_exported(void)
{
	CHECK(rpc("key/export?arg=self") == 404);
	CHECK_STR(rpc_body(), "404 page not found\n");
	CHECK(rpc("key/rotate") == 404);
}

int main(void)
{
	rpc_open("");
	RUN(self_is_there);
	RUN(imports);
	RUN(ecdsa_is_taken_on_request);
	RUN(signs_as_kubo_does);
	RUN(makes);
	RUN(renames);
	RUN(removes_all_or_none);
	RUN(nothing_is_exported);
	rpc_close();
	return UNIT_END();
}
