load ../helper

# is CID OPTIONS ... - the last operand gets this CID
is() {
	local want=$1 got

	shift
	got=$(ipfrs-add -Q "$@")
	[ "$got" = "$want" ] || {
		printf 'ipfrs-add %s: %s, not %s\n' "$*" "$got" "$want"
		return 1
	}
}

file() {
	mkdir -p "$(dirname "$1")"
	printf "$2" > "$1"
}

# ---- known answers; the numbers are those of the reference, section 19 ----

@test "small files (1 to 18)" {
	file hw 'hello world'
	is Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD hw
	is bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e -1 hw
	is bafybeihykld7uyxzogax6vgyvag42y7464eywpf55gxi5qpoisibh3c5wa -O cid-version=1,raw-leaves=no hw
	is bafkrgqbqt3gerhas23vuzrapkdeqf4vu2dwxp3srdj6hvg6nhsug2tgyn6mj3u23yx7utftq3i2ckw2fwdh5qmhid5qf3t35yvkc5e5ottlw6 \
		-O hash=sha2-512 hw
	file hws 'Hello Worlds!\n'
	is QmVr26fY1tKyspEJBniVhqxQeEjhF78XerGiqWAwraVLQH hws
	is QmUkUQgxXeggyaD5Ckv8ZqfW8wHBX6cYyeiyqvVZYzq5Bi -O layout=trickle hws
	for c in rabin size-64 rabin-36-512-1024 buzhash; do
		is QmVr26fY1tKyspEJBniVhqxQeEjhF78XerGiqWAwraVLQH -O chunker=$c hws
	done
	file empty ''
	is QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH empty
	is bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku -O raw-leaves=yes empty
	is bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y -O cid-version=1,raw-leaves=no empty
	[ "$(printf 'IPFS\n' | ipfrs-add -Q -)" = QmdFyxZXsFiP4csgfM5uPu99AvFiKH62CSPDw5TP92nr7w ]
	[ "$(printf 'Hello Neptune!\nHello Pluton!' | ipfrs-add -Q -)" = QmZDhWpi8NvKrekaYYhxKCdNVGWsFFe1CREnAjP1QbPaB3 ]
	[ "$(printf 'Hello from IPFS Gateway Checker\n' | ipfrs-add -Q -O cid-version=1,raw-leaves=no -)" = \
		bafybeifx7yeb55armcsxwwitkymga5xf53dxiarykms3ygqic223w5sk3m ]
	[ "$(printf 'hello world\n' | ipfrs-add -Q -1 -)" = bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4 ]
	[ "$(printf 'foo\n' | ipfrs-add -Q -O hash=blake3,raw-leaves=yes -)" = \
		bafkr4icj3sdq34o6p7lapfgoxtset5om3lsxll72uz5cjnrkzmb6aoo3si ]
	[ "$(printf '100\n' | ipfrs-add -Q -)" = QmZ3RfWk1u5LEGYLHA633B5TNJy3Du27K6Fny9wcxpowGS ]
}

@test "directories (19 to 32)" {
	mkdir e
	is QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn -r e
	is bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354 -r -1 e
	is bafykbzacebugfutjir6qie7apo5shpry32ruwfi762uytd5g3u2gk7tpscndq -r -O hash=blake2b-256 e
	file t22/hey 'Hey\n'
	file t22/hello/world 'World\n'
	is QmZQWnfcqJ6hNkkPvrY9Q5X39GP3jUnUbAV4AbmbbR3Cb1 -r t22
	file t23/mars.txt 'Hello Mars!\n'
	file t23/venus.txt 'Hello Venus!\n'
	try 0 ipfrs-add -r t23
	prints $'QmPrrHqJzto9m7SyiRzarwkqPcCSsKR2EB1AyqJfe8L8tN\tt23/mars.txt
QmU5kp3BH3B8tnWUU2Pikdb2maksBNkb92FHRr56hyghh4\tt23/venus.txt
QmWSgS32xQEcXMeqd3YPJLrNBLSdsfYCep2U7CFkyrjXwY\tt23'
	is QmfWfQfKCY5Ukv9peBbxM5vqWM9BzmqUSXvdCgjT2wsiBT -r -O raw-leaves=yes t23
	is bafybeih7e5dmkyk25up5vxug4q3hrg2fxbzf23dfrac2fns5h7z4aa7ioi -r -1 t23
	is bafybeif5tuep5ap2d7zyhbktucey75aoacxufgt6i3v4gebmixyipnyp7y -r -O cid-version=1,raw-leaves=no t23
	is bafykbzaceaptbcs7ik5mdfpot3b4ackvxlwh7loc5jcrtkayf64ukl7zyk46e -r -O hash=blake2b-256 t23
	file t28/jupiter/europa.txt 'Hello Europa!\n'
	file t28/saturn/titan.txt 'Hello Titan!\n'
	file t28/mercury.txt 'hey you are no moon!\n'
	is QmbGoaQZm8kjYfCiN1aBsgwhqfUBGDYTrDb91Mz7Dvq81B -r t28
	file t30/mars.txt 'Hello Mars\n'
	file t30/venus.txt 'Hello Venus\n'
	file t30/.asteroids/ceres.txt 'Hello Ceres\n'
	file t30/.asteroids/pallas.txt 'Hello Pallas\n'
	file t30/.charon.txt 'Hello Charon\n'
	file t30/.gitignore 'mars.txt\n'
	file t30/.pluto.txt 'Hello Pluto\n'
	is QmR8nD1Vzk5twWVC6oShTHvv7mMYkVh6dApCByBJyV2oj3 -r t30
	is QmczhHaXyb3bc9APMxe4MXbr87V5YDLKLaw3DZX3fK7HrK -r -H t30
	file t31/foo 'bar\n'
	is QmThNTdtKaVoCVrYmM5EBS6U3S5vfKFue2TxbxxAxRcKKE -r -O raw-leaves=yes t31
	mkdir -p t32/b
	: > t32/a
	ln -s a t32/c
	is bafybeicajycbrzm3z23sa34345rvpvslxyhlvs5lq3ufxxhrun6q6edejm -r -1 t32
}

@test "symlinks (33 to 37)" {
	ln -s files/foo/baz l
	is QmdocmZeF7qwPT9Z8SiVhMSyKA2KKoA2J7jToW6z6WBmxR l
	ln -s files/does/not/exist m
	is QmWYN8SEXCgNT2PSjB6BnxAx6NJQtazWoBkTRH9GRfPFFQ m
	file t/foo/baz 'some text\n'
	mkdir t/bar
	ln -s files/foo/baz t/bar/baz
	ln -s files/does/not/exist t/bad
	is QmWdiHKoeSW8G1u7ATCgpx4yMoUhYaJBQGkyPLkS9goYZ8 -r t
	is bafybeibyhlx64cklod6isy3h7tsmr4qvam3ae3b74n3hfes5bythjrwyua -r -1 t
	file u/foo 'content\n'
	ln -s foo u/bar
	is QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt -r u
}

@test "inlined and identity (38 to 43)" {
	file j 'jkD98jkD975hkD8\n'
	is bafkqaedknncdsodknncdsnzvnbvuioak -O raw-leaves=yes,inline=32 j
	is bafkqaedknncdsodknncdsnzvnbvuioak -O hash=identity j
	mkdir e
	is bafyaabakaieac -r -O cid-version=1,inline=yes e
	: > f
	is bafkqaaa -O cid-version=1,inline=yes f
	head -c 128 /dev/zero | tr '\0' B > b
	is bafkqbaabijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbee \
		-O hash=identity b
	head -c 129 /dev/zero | tr '\0' A > a
	try 4 ipfrs-add -O hash=identity a
	says 'digest too large'
}

@test "modes and times (44 to 60)" {
	: > f
	: > x
	printf x > x
	ln -s nothing l
	mkdir e
	is QmQLgxypSNGNFTuUPGCecq6dDEjb6hNB5xSyVmP3cEuNtq -M 0640 f
	is QmQ6kErEW8kztQFV8vbwNU8E4dmtGsYpRiboiLxUEwibvj -t 1604320482 f
	is QmYkvboLsvLFcSYmqVJRxvBdYRQLroLv9kELf3LRiCqBri -M 0640 -t 1604320482 f
	is QmbJwotgtr84JxcnjpwJ86uZiyMoxbZuNH4YrdJMypkYaB -t 1604320482 l
	is QmchD3BN8TQ3RW6jPLxSaNkqvfuj7syKhzTRmL4EpyY1Nz -M 764 f
	is QmT3aY4avDcYXCWpU8CJzqUkW7YEuEsx36S8cTNoLcuK1B -t 1603539720 f
	is QmaKH8H5rXBUBCX4vdxi7ktGQEL7wejV7L9rX2qpZjwncz -t 1603539720.000054321 f
	is QmUkxrtBA8tPjwCYz1HrsoRfDz6NgKut3asVeHVQNH4C8L -M 0764 -t 1603539720.000054321 f
	is QmV1Uot2gy4bhY9yvYiZxhhchhyYC6MKKoGV1XtWNmpCLe -t 1603539720 l
	is QmPHYCxYvvHj6VxiPNJ3kXxcPsnJLDYUJqsDJWjvytmrmY -t 1603539720.000054321 -M 600 l
	is QmRviohgafvCsbkiTgfQFipbuXJ6k1YtoiaQW4quttJPKu -r -M 0755 e
	is QmYMy7CZGb498QFSQBF5ZFwv1FYbrAtYZMe4VxhDXxAcvf -r -t 1655158722 e
	is QmQ1ABnw2iip7sj23EzzBZ9T77KyyfESP6SUboiXPyzNQe -r -M 0713 e
	is QmfWitW6F13WHFXLbJzXRYmwrS1p4gaAJAfucUSMytRPn3 -r -t 1603539720 e
	is QmZFdCLJay31hT3Tx1LygJ7XfiLEs3qLCXtbeBfhf38aZg -r -t 1603539720.000054321 e
	is QmbUW3Ngfn6gxRZXRvRtv4sMsqgyyMAU1uqcWe7J6ThMNY -t -1 x
	is QmehFGkyv73hCgpZMeTkSP2LW8yUPq8MS4SznUiqXL7x6W -t -1.000000001 x
	# the same from the file system
	chmod 0764 f
	touch -d @1603539720.000054321 f
	is QmUkxrtBA8tPjwCYz1HrsoRfDz6NgKut3asVeHVQNH4C8L -p mode,mtime f
	is QmchD3BN8TQ3RW6jPLxSaNkqvfuj7syKhzTRmL4EpyY1Nz -p mode f
	is QmaKH8H5rXBUBCX4vdxi7ktGQEL7wejV7L9rX2qpZjwncz -p mtime f
	is QmQLgxypSNGNFTuUPGCecq6dDEjb6hNB5xSyVmP3cEuNtq -p mode -M 0640 f
	touch -h -d @1603539720 l
	is QmV1Uot2gy4bhY9yvYiZxhhchhyYC6MKKoGV1XtWNmpCLe -p mode -p mtime l
	try 2 ipfrs-add -M 0640 -O raw-leaves=yes f
	says "raw-leaves can't be used with UnixFS metadata like mode or modification time"
	try 2 ipfrs-add -M 4755 f
	try 2 ipfrs-add -M 0888 f
	try 2 ipfrs-add -t soon f
	try 2 ipfrs-add -p owner f
}

# ---- operands and output ----

@test "operands, names from standard input, standard input as data" {
	echo a > a
	echo b > 'b c'
	a=$(ipfrs-add -Q a) b=$(ipfrs-add -Q 'b c')
	try 0 ipfrs-add a 'b c' a
	prints "$a	a
$b	b c
$a	a"
	silent
	printf 'a\nb c\n' > names
	try 0 ipfrs-add < names
	prints "$a	a
$b	b c"
	printf 'a\0b c\0' | ipfrs-add -0 > out
	printf '%s\ta\0%s\tb c\0' "$a" "$b" | cmp - out
	try 0 ipfrs-add -q a
	prints "$a"
	try 0 ipfrs-add - < a
	prints "$a	-"
	try 0 ipfrs-add -- ./a
	prints "$a	./a"
	try 2 ipfrs-add - - < a
	prints "$a	-"
	printf 'a\n-\na\n' > names
	try 2 ipfrs-add < names
	says 'ipfrs-add: -: standard input is in use already'
	[ ${#lines[@]} -eq 2 ]
	try 1 ipfrs-add none a
	prints "$a	a"
	says 'ipfrs-add: none: '
	mkdir d
	try 2 ipfrs-add d a
	prints "$a	a"
	says 'ipfrs-add: d: is a directory, use -r'
	try 2 ipfrs-add -O chunker=size-0 a
	says 'chunker size must be greater than 0'
	try 2 ipfrs-add -O nonsense a
	try 2 ipfrs-add -O colour=red a
	try 2 ipfrs-add -P -N name a
	says 'pin-name option requires pin to be set'
	try 1 ipfrs-add -S none a
	says ipfrs-init
}

@test "a coprocess has its answer before it sends the next name" {
	echo a > a
	echo b > b
	cat > two.py <<- 'END'
		import subprocess
		p = subprocess.Popen(["ipfrs-add"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
		for name in (b"a", b"b", b"a"):
		    p.stdin.write(name + b"\n")
		    p.stdin.flush()
		    line = p.stdout.readline()
		    assert line.endswith(b"\t" + name + b"\n"), line
		p.stdin.close()
		assert p.wait() == 0
	END
	try 0 timeout 20 python3 two.py
}

@test "JSON lines" {
	file d/a 'hello\n'
	ln -s a d/l
	try 0 ipfrs-add -r -j d
	prints '{"path":"d/a","cid":"QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN","type":"file","size":6,"cumulative":14,"root":false}
{"path":"d/l","cid":"QmQGdvJc5i8i3wPbkBgwtn91eoNg9cDxMBqaH4RBJVGX8S","type":"symlink","size":1,"cumulative":7,"root":false}
{"path":"d","cid":"QmVGDvCzkCcuJs5KYMtB1R2YQYV1mNByAFd7vZFpvwZG8L","type":"directory","cumulative":119,"root":true}' ||
		ipfrs-add -r -j d | python3 -c 'import json, sys
rows = [json.loads(l) for l in sys.stdin]
assert [r["path"] for r in rows] == ["d/a", "d/l", "d"], rows
assert [r["root"] for r in rows] == [False, False, True]
assert "size" not in rows[2]'
	ipfrs-add -r -j -Q d | python3 -c 'import json, sys
rows = [json.loads(l) for l in sys.stdin]
assert [r["path"] for r in rows] == ["d"], rows'
}

@test "odd names" {
	mkdir d
	for n in 'with space' $'new\nline' $'tab\t' $'\xff\xfe' 'é' $'e\xcc\x81' '-dash' '日本語' 'a\b' '"' '😀' \
		 "$(printf 'x%.0s' {1..255})"; do
		printf '%s' "$n" > "d/$n"
	done
	c=$(ipfrs-add -Q -r d)
	ipfrs-get -o out "$c"
	diff -r d out
	ipfrs-add -0 -r d | tr '\0' '\1' | grep -aq $'\td/tab\t\1'
	try 0 ipfrs-add -r d
	[ ${#lines[@]} -eq 13 ]
	[[ $output == *'d/new\nline'* ]]
	[ "$(cd d && ipfrs-add -Q -r .)" = "$c" ]
	[ "$(cd d && ipfrs-add -Q -r "$PWD/")" = "$c" ]
}

@test "wrapped" {
	echo a > a
	file d/b 'b\n'
	a=$(ipfrs-add -Q a)
	try 0 ipfrs-add -r -w a d
	[ "${lines[0]}" = "$a	a" ]
	[ "${lines[2]##*$'\t'}" = d ]
	[ "${lines[3]##*$'\t'}" = '' ]
	[ ${#lines[@]} -eq 4 ]
	w=$(ipfrs-add -Q -r -w a d)
	[ "$w" = "${lines[3]%$'\t'}" ]
	mkdir both
	cp -r a d both
	is "$w" -r both
	is "$w" -r -w both/a ./d/
	[ "$(cd d && ipfrs-add -Q -r -w ../a .)" = "$w" ]
	# standard input has no name but its CID
	[ "$(ipfrs-ls -1 "$(ipfrs-add -Q -w - < a)")" = "$a" ]
	mkdir other
	echo x > other/a
	try 1 ipfrs-add -w a other/a
	says 'directory already has entry by that name'
}

# ---- what is added and what is not ----

@test "hidden entries" {
	file d/.h/x x
	file d/.y y
	file d/z z
	try 0 ipfrs-add -r d
	[ ${#lines[@]} -eq 2 ]
	try 0 ipfrs-add -r -H d
	[ ${#lines[@]} -eq 5 ]
	try 0 ipfrs-add d/.y		# asked for by name
}

@test "ignore rules, nested and negated" {
	file d/a.o x
	file d/a.c x
	file d/keep.o x
	file d/sub/b.o x
	file d/sub/x x
	file d/build/x x
	printf '*.o\n!keep.o\n/build/\n' > d/.gitignore
	printf '!b.o\nx\n' > d/sub/.gitignore
	try 0 ipfrs-add -r -i .gitignore d
	[ "$(cut -f2 <<< "$output")" = 'd/a.c
d/keep.o
d/sub/b.o
d/sub
d' ]
	printf 'sub\nbuild\n' > rules
	try 0 ipfrs-add -r -i ./rules d
	[ "$(cut -f2 <<< "$output")" = 'd/a.c
d/a.o
d/keep.o
d' ]
	try 1 ipfrs-add -r -i ./norules d
	# rules that cannot be read must not be passed over
	head -c 5000 /dev/zero | tr '\0' x > d/.gitignore
	try 4 ipfrs-add -r -i .gitignore d
	prints ''
}

@test "symlinks kept or followed" {
	file d/real 'real\n'
	file out/x 'x\n'
	ln -s real d/link
	ln -s ../out d/dir
	ln -s d l
	plain=$(ipfrs-add -Q -r d)
	[ "$(ipfrs-cat "$plain/link")" = real ]
	try 0 ipfrs-add -r l
	[ ${#lines[@]} -eq 1 ]
	[ "$(ipfrs-add -Q -r -D l)" = "$plain" ]
	mkdir e
	cp d/real e/real
	cp d/real e/link
	cp -r out e/dir
	is "$(ipfrs-add -Q -r e)" -r -L l
	ln -s .. d/up
	try 4 ipfrs-add -Q -r -L d
	says 'is a folder above itself, by a symlink'
	ln -s nowhere d/dangling
	ipfrs-add -Q -r d
	try 4 ipfrs-add -Q -r -L d
	says 'ipfrs-add: d/dangling: '
}

@test "devices, fifos and sockets are refused, the rest is added" {
	file d/a a
	want=$(ipfrs-add -Q -r d)
	mkfifo d/fifo
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("d/sock")'
	try 4 ipfrs-add -Q -r d
	prints "$want"
	says 'd/fifo: is a fifo'
	says 'd/sock: is a socket'
	try 4 ipfrs-add d/fifo
	prints ''
	try 4 ipfrs-add /dev/null
	says 'is a character device'
}

@test "what cannot be read is left out and told" {
	file d/a a
	file d/secret s
	file d/dir/x x
	rm -rf e && cp -r d e && rm -r e/secret e/dir
	chmod 0 d/secret d/dir
	chmod 777 . "$BATS_TEST_TMPDIR" && chmod -R a+rwX "$IPFRS_PATH"
	run --separate-stderr -4 as_user ipfrs-add -n -Q -r d
	says 'd/secret: '
	says 'd/dir: '
	prints "$(ipfrs-add -n -Q -r e)"
	chmod 755 d/dir
}

@test "deep trees, up to a bound" {
	python3 - <<- 'END'
		import os
		for depth, top in ((900, "deep"), (1100, "deeper")):
		    os.mkdir(top)
		    fd = os.open(top, os.O_RDONLY)
		    for i in range(depth):
		        os.mkdir("d", dir_fd=fd)
		        sub = os.open("d", os.O_RDONLY, dir_fd=fd)
		        os.close(fd)
		        fd = sub
		    os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
		    os.close(fd)
	END
	c=$(ulimit -n 100; ipfrs-add -Q -r deep)
	(ulimit -n 100; ipfrs-get -o out "$c")
	[ "$(cd out && find . -type f | tr -dc d | wc -c)" -eq 900 ]
	try 4 ipfrs-add -Q -r deeper
	says 'nested deeper than'
}

@test "a directory of many names stays small in memory" {
	mkdir many
	(cd many && seq -f 'a name of some length %06.0f' 100000 | xargs -d '\n' touch)
	c=$(bounded 400000 ipfrs-add -Q -r -n many)
	[ "$c" = "$(ipfrs-add -Q -r many)" ]
	[ "$(ipfrs-ls -1 "$c" | wc -l)" -eq 100000 ]
	rm -rf many
}

@test "only naming needs no store and stores nothing" {
	file d/a 'hello\n'
	want=$(ipfrs-add -Q -r d)
	rm -rf "$IPFRS_PATH"
	[ "$(ipfrs-add -n -Q -r d)" = "$want" ]
	[ ! -e "$IPFRS_PATH" ]
	ipfrs-init -q
	ipfrs-add -n -r d
	try 1 ipfrs-cat "$want/a"
	ipfrs-config set import.cid-version 1
	[ "$(ipfrs-add -n -Q d/a)" = bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am ]
	[ "$(ipfrs-add -Q d/a)" = bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am ]
	[ "$(ipfrs-add -Q -O cid-version=0 d/a)" = QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN ]
}

@test "ten gigabytes in little memory" {
	truncate -s 10G sparse || skip "no sparse files here"
	c=$(bounded 200000 ipfrs-add -n -Q sparse)
	[ "$c" = QmaBQKueEF3pi8mdpecQQvxi96LzMRaup3CAn3Jr9P5W2M ]	# as Kubo 0.43 says
}

# ---- pins ----

@test "roots are pinned, unless not" {
	file d/a a
	echo b > b
	c=$(ipfrs-add -Q -r -N site d)
	ipfrs-add -P b
	try 0 ipfrs-pin ls
	[[ $output == *"$c"* ]]
	[[ $output == *site* ]]
	[ ${#lines[@]} -eq 1 ]
	try 0 ipfrs-add -w -Q b d/a
	try 0 ipfrs-pin ls
	[ ${#lines[@]} -eq 2 ]
}

# ---- the cache ----

# old FILE ... - as if it had been written long ago (its change time, too, must be some seconds old)
old() {
	touch -d '2020-01-01' "$@"
	sleep 2.1
}

@test "-c reads a file again only when it changed" {
	file d/a 'hello\n'
	file d/e/b 'world\n'
	echo c > d/c
	old d/a d/e/b d/c
	first=$(ipfrs-add -Q -r d)
	try 0 ipfrs-add -v -c -Q -r d
	prints "$first"
	says '3 files, 0 of them as they were; 14 B read'
	try 0 ipfrs-add -v -c -Q -r d
	prints "$first"
	says '3 files, 3 of them as they were; 0 B read'
	try 0 ipfrs-add -v -c -Q -r "$PWD/./d/"
	says '3 of them as they were'
	# the same length and time, but not the same change time
	echo HELLO > d/a
	touch -d '2020-01-01' d/a
	try 0 ipfrs-add -v -c -Q -r d
	says '3 files, 2 of them as they were'
	[ "$output" != "$first" ]
	[ "$output" = "$(ipfrs-add -n -Q -r d)" ]
	# too young to be remembered
	try 0 ipfrs-add -v -c -Q -r d
	says '2 of them as they were'
	# renamed over
	echo World > x
	touch -d '2020-01-01' x
	mv x d/e/b
	[ "$(ipfrs-add -c -Q -r d)" = "$(ipfrs-add -n -Q -r d)" ]
}

@test "-c minds the options" {
	file a 'hello\n'
	old a
	[ "$(ipfrs-add -c -Q a)" = QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN ]
	[ "$(ipfrs-add -c -Q -1 a)" = bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am ]
	[ "$(ipfrs-add -c -Q a)" = QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN ]
	for i in 1 2; do
		[ "$(ipfrs-add -c -Q -p mode a)" = "$(ipfrs-add -n -Q -p mode a)" ]
		[ "$(ipfrs-add -c -Q -M 600 a)" = "$(ipfrs-add -n -Q -M 600 a)" ]
		[ "$(ipfrs-add -c -Q -M 640 a)" = "$(ipfrs-add -n -Q -M 640 a)" ]
		[ "$(ipfrs-add -c -Q -O chunker=size-2 a)" = "$(ipfrs-add -n -Q -O chunker=size-2 a)" ]
	done
}

@test "-c is not led astray by a collection" {
	bytes 1000000 > big
	file d/a 'hello\n'
	cp big d/big
	old d/a d/big
	c=$(ipfrs-add -c -Q -r d)
	ipfrs-pin rm "$c"
	ipfrs-gc -q
	try 1 ipfrs-cat "$c/a"
	try 0 ipfrs-add -v -c -Q -r d
	prints "$c"
	says '0 of them as they were'
	ipfrs-cat "$c/big" | cmp - big
	# a collection of something else: all is there, and known to be
	echo x | ipfrs-add -Q -P -
	ipfrs-gc -q
	try 0 ipfrs-add -v -c -Q -r d
	prints "$c"
	says '2 of them as they were; 0 B read'
	try 0 ipfrs-fsck
}

@test "an add that was interrupted goes on where it stopped" {
	mkdir d
	for i in 1 2 3 4 5 6 7 8; do
		bytes 40000000 $i > d/$i
	done
	old d/?
	want=$(ipfrs-add -n -Q -r d)
	for i in 1 2 3 4 5 6; do
		timeout -s KILL 0.$((i + 1)) ipfrs-add -c -Q -r d > out || true
		[ ! -s out ] || break
	done
	try 0 ipfrs-add -v -c -Q -r d
	prints "$want"
	try 0 ipfrs-add -v -c -Q -r d
	says '8 files, 8 of them as they were; 0 B read'
	try 0 ipfrs-fsck
	for i in 1 8; do
		ipfrs-cat "$want/$i" | cmp - d/$i
	done
}

# ---- archives ----

tree() {
	mkdir -p t/sub/deep t/empty
	printf 'hello\n' > t/a
	printf 'x' > t/sub/x
	printf '' > t/sub/deep/none
	bytes 300000 > t/big
	ln -s ../a t/sub/link
	chmod 600 t/a
	chmod 751 t/sub
	find t -exec touch -h -d @1600000000 {} +
}

@test "an archive of every kind is as good as the tree" {
	tree
	ln t/a t/hard
	touch -h -d @1600000000 t
	want=$(ipfrs-add -Q -r t)
	full=$(ipfrs-add -Q -r -p mode,mtime t)
	tar cf ustar.tar --format=ustar -C t .
	tar cf gnu.tar --format=gnu -C t .
	tar cf pax.tar --format=pax -C t .
	tar cf names.tar -C t a big empty hard sub
	(cd t && find . | cpio -o -H newc --quiet > ../new.cpio)
	(cd t && find . | cpio -o -H odc --quiet > ../odc.cpio)
	(cd t && find . -depth | cpio -o -H newc --quiet > ../depth.cpio)
	for z in gzip bzip2 xz zstd lz4; do
		command -v $z > /dev/null && $z -c gnu.tar > $z.tar.$z
		command -v $z > /dev/null && $z -c new.cpio > $z.cpio.$z
	done
	command -v zip > /dev/null && (cd t && zip -qry ../z.zip .)
	command -v 7z > /dev/null && (cd t && 7z a -snl ../s.7z . > /dev/null)
	for f in *.tar *.tar.* *.cpio *.cpio.* *.zip *.7z; do
		[ -e "$f" ] || continue
		is "$want" -a "$f" || return 1
		[ "$(ipfrs-add -Q -a - < "$f")" = "$want" ] || { echo "$f as input"; return 1; }
		[ "$(cat "$f" | ipfrs-add -Q -a -)" = "$want" ] || { echo "$f piped"; return 1; }
	done
	for f in ustar.tar gnu.tar pax.tar new.cpio odc.cpio depth.cpio; do
		is "$full" -a -p mode,mtime $f
	done
	try 0 ipfrs-add -a names.tar
	[ "$(cut -f2 <<< "$output" | sort)" = "names.tar
names.tar/a
names.tar/big
names.tar/empty
names.tar/hard
names.tar/sub
names.tar/sub/deep
names.tar/sub/deep/none
names.tar/sub/link
names.tar/sub/x" ]
}

@test "our own archives come back" {
	tree
	want=$(ipfrs-add -Q -r -p mode,mtime t)
	plain=$(ipfrs-add -Q -r t)
	for f in tar tar.gz tar.zst tar.xz tar.bz2 tar.lz4 cpio cpio.gz zip 7z; do
		ipfrs-get -t $f "$want" > x
		[ "$(ipfrs-ls -c "$(ipfrs-add -Q -a x)")" = "$plain	$want/" ] ||
			[ "$(ipfrs-ls -c "$(ipfrs-add -Q -a x)")" = "$plain	$want" ] || {
			ipfrs-ls -c "$(ipfrs-add -Q -a x)"
			echo "$f, not $plain"
			return 1
		}
	done
	ipfrs-get -t tar "$want" > x
	ipfrs-ls -c "$(ipfrs-add -Q -a -p mode,mtime x)" | grep -q "^$want	"
}

# make FILE - a tar of the entries that are described on standard input in Python
make() {
	python3 -c 'import io, sys, tarfile
t = tarfile.open(sys.argv[1], "w")
def f(name, data=b"x", **kw):
    i = tarfile.TarInfo(name)
    for k, v in kw.items():
        setattr(i, k, v)
    if i.type == tarfile.REGTYPE:
        i.size = len(data)
        t.addfile(i, io.BytesIO(data))
    else:
        t.addfile(i)
def d(name, **kw): f(name, type=tarfile.DIRTYPE, **kw)
def s(name, to): f(name, type=tarfile.SYMTYPE, linkname=to)
def h(name, to): f(name, type=tarfile.LNKTYPE, linkname=to)
exec(sys.stdin.read())
t.close()' "$1"
}

@test "archives in any order: late parents, none at all, the last of one name wins" {
	mkdir -p t/a/b/c t/z
	printf x > t/a/b/c/f
	printf new > t/a/g
	printf x > t/z/y
	want=$(ipfrs-add -Q -r t)
	make x.tar <<- 'END'
		f("z/y"); f("a/g", b"old"); f("a/b/c/f"); d("a/b"); d("a"); f("a/g", b"new"); d("."); d("z")
	END
	is "$want" -a x.tar
	make x.tar <<- 'END'
		f("a/g", b"old"); s("a/g", "nowhere"); f("a/b", b"a file once"); d("a/b"); f("./a//b/c/f")
		f("z/y"); f("a/g", b"new")
	END
	is "$want" -a x.tar
	make x.tar <<- 'END'
		f("a/.hidden"); f(".h/x"); f("a/b/c/f"); f("a/g", b"new"); f("z/y")
	END
	is "$want" -a x.tar
	[ "$(ipfrs-add -Q -a -H x.tar)" != "$want" ]
	make x.tar < /dev/null
	is QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn -a x.tar
	# the modes of directories, wherever they stand
	chmod 700 t/a
	chmod 750 t/a/b
	chmod 755 t t/z t/a/b/c
	chmod 644 t/a/g t/z/y t/a/b/c/f
	make x.tar <<- 'END'
		f("a/b/c/f"); d("a/b", mode=0o750); f("z/y"); d("z", mode=0o755); d("a/b/c", mode=0o755)
		d("a", mode=0o777); f("a/g", b"new"); d("a", mode=0o700); d(".", mode=0o755)
	END
	is "$(ipfrs-add -Q -r -p mode t)" -a -p mode x.tar
}

@test "hard links in archives are what they pointed to" {
	mkdir t
	printf 1 > t/a
	printf 1 > t/b
	printf 1 > t/c
	printf 2 > t/d
	printf 2 > t/e
	make x.tar <<- 'END'
		f("d", b"1"); h("b", "d"); h("c", "b"); h("a", "c"); f("d", b"2"); h("e", "./d")
	END
	is "$(ipfrs-add -Q -r t)" -a x.tar
	ln -s a t/l
	ln -s a t/m
	make x.tar <<- 'END'
		f("d", b"1"); h("b", "d"); h("c", "b"); h("a", "c"); f("d", b"2"); h("e", "./d"); s("l", "a"); h("m", "l")
	END
	is "$(ipfrs-add -Q -r t)" -a x.tar
	make x.tar <<< 'f("a"); h("b", "later"); f("later")'
	try 4 ipfrs-add -a x.tar
	says "hard link 'b' points to 'later', which is no file before it"
	make x.tar <<< 'd("a"); h("b", "a")'
	try 4 ipfrs-add -a x.tar
	make x.tar <<< 'h("b", "b")'
	try 4 ipfrs-add -a x.tar
	# a chain that is long enough is an attack
	make x.tar <<< 'f("n0"); [h("n%d" % (i + 1), "n%d" % i) for i in range(100)]'
	try 4 ipfrs-add -a x.tar
	says 'hard links to hard links'
}

@test "hostile archives are refused, and say why" {
	make x.tar <<< 'f("ok"); f("/etc/passwd")'
	try 4 ipfrs-add -a x.tar
	prints ''
	says "'/etc/passwd' is absolute"
	make x.tar <<< 'f("ok"); f("a/../../x")'
	try 4 ipfrs-add -a x.tar
	says "'a/../../x' contains '..'"
	make x.tar <<< 'h("a", "../x")'
	try 4 ipfrs-add -a x.tar
	make x.tar <<< 'f("tty", type=tarfile.CHRTYPE)'
	try 4 ipfrs-add -a x.tar
	says "'tty' is a character device"
	make x.tar <<< 'f("p", type=tarfile.FIFOTYPE)'
	try 4 ipfrs-add -a x.tar
	says "'p' is a fifo"
	make x.tar <<< 'f("a"); f("a/b")'
	try 4 ipfrs-add -a x.tar
	says "'a/b' is below 'a', which is not a directory"
	make x.tar <<< 's("a", "/etc"); f("a/b")'
	try 4 ipfrs-add -a x.tar
	make x.tar <<< 'f("/".join(["d"] * 3000))'
	try 4 ipfrs-add -a x.tar
	says 'nested deeper than'
	make x.tar <<< 'f("x" * 40000)'
	try 4 ipfrs-add -a x.tar
	echo 'no archive' > x
	try 4 ipfrs-add -a x
	: > x
	try 4 ipfrs-add -a x
	tar cf y.tar x
	bytes 100000 > z
	tar cf y.tar z
	head -c 60000 y.tar > cut.tar
	try 4 ipfrs-add -a cut.tar
	gzip y.tar
	head -c 50000 y.tar.gz > cut.gz
	try 4 ipfrs-add -a cut.gz
	try 2 ipfrs-add -a -i .gitignore y.tar.gz
	# the others are added
	make good.tar <<< 'f("a")'
	try 4 ipfrs-add -Q -a cut.tar good.tar
	[ ${#lines[@]} -eq 1 ]
}

@test "an archive bomb takes time, not memory" {
	python3 - <<- 'END'
		import gzip, tarfile, io
		class Zeros(io.RawIOBase):
		    def __init__(self, n): self.n = n
		    def readable(self): return True
		    def readinto(self, b):
		        k = min(len(b), self.n)
		        b[:k] = bytes(k)
		        self.n -= k
		        return k
		with gzip.open("bomb.tar.gz", "wb", 1) as g:
		    t = tarfile.open(fileobj=g, mode="w|")
		    i = tarfile.TarInfo("zeros")
		    i.size = 1 << 30
		    t.addfile(i, io.BufferedReader(Zeros(i.size), 1 << 20))
		    t.close()
	END
	[ "$(stat -c %s bomb.tar.gz)" -lt 10000000 ]
	bounded 300000 ipfrs-add -n -Q -a bomb.tar.gz
}

@test "many entries of an archive stay small in memory" {
	python3 - <<- 'END'
		import tarfile, random
		names = ["d%d/e%d/file %d" % (i % 7, i % 101, i) for i in range(60000)]
		random.Random(3).shuffle(names)
		t = tarfile.open("many.tar", "w")
		for n in names:
		    t.addfile(tarfile.TarInfo(n))
		t.close()
	END
	mkdir t
	tar xf many.tar -C t
	is "$(ipfrs-add -n -Q -r t)" -n -a many.tar
	bounded 400000 ipfrs-add -n -Q -a many.tar
	rm -rf t
}

# ---- trouble ----

@test "a full disk is told, and the store stays good" {
	[ "$(id -u)" -eq 0 ] || skip "needs to mount"
	mkdir small
	mount -t tmpfs -o size=12m none small 2> /dev/null || skip "cannot mount"
	ipfrs-init -q -S small/store
	echo keep > keep
	k=$(ipfrs-add -S small/store -Q keep)
	bytes 30000000 > big
	run --separate-stderr -4 ipfrs-add -S small/store -Q big
	full=$stderr out=$output
	run ipfrs-cat -S small/store "$k"
	after=$output
	run ipfrs-fsck -S small/store
	fsck=$status
	umount small
	[ -z "$out" ]
	[[ $full == *'No space left'* ]]
	[ "$after" = keep ]
	[ $fsck -eq 0 ]
}

@test "the quota is kept" {
	ipfrs-config set store.max 8MB
	bytes 3000000 1 > a
	bytes 3000000 2 > b
	bytes 3000000 3 > c
	bytes 9000000 4 > d
	a=$(ipfrs-add -Q -P a)
	ipfrs-add -Q -P b
	ipfrs-add -Q c			# the oldest goes
	try 1 ipfrs-cat "$a"
	try 4 ipfrs-add -Q d
	prints ''
	try 0 ipfrs-fsck
}

@test "unsynced, and a closed output" {
	echo a > a
	is "$(ipfrs-add -n -Q a)" -u a
	[ -c /dev/full ] || skip "no /dev/full"
	run --separate-stderr -4 bash -c 'ipfrs-add a > /dev/full'
	says 'ipfrs-add: '
}
