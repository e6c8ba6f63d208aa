package picket

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSQLText(t *testing.T) {
	t.Parallel()
	f := func(system, query, want string) {
		t.Helper()
		if got := sqlDialectOf(system).read(query).text; got != want {
			t.Errorf("%s\n  is told as %s\n  want       %s", query, got, want)
		}
	}
	const pg, lite, my, ms, ora = "postgresql", "sqlite", "mysql", "microsoft.sql_server", "oracle.db"
	f("", ``, ``)
	f("", "  SELECT 1\n\t;  ", `SELECT ? ;`)
	f("", `SELECT * FROM users WHERE id = 17`, `SELECT * FROM users WHERE id = ?`)
	f("", `SELECT a1, t2.b3 FROM t_2024`, `SELECT a1, t2.b3 FROM t_2024`)
	f("", `VALUES(-1, +2.5e-3, .5, 0xFF, 1_000, 1e5-7)`, `VALUES(-?, +?, .?, ?, ?, ?-?)`)
	f("", `name = 'it''s' AND x=''`, `name = ? AND x=?`)
	f("", `SELECT N'x', b'01', X'ff', date'2020-01-01'`, `SELECT ?, ?, ?, date?`)
	f("", "SELECT 1 -- it's me\n, 2", `SELECT ? , ?`)
	f("", `SELECT/* it's */1`, `SELECT ?`)
	f("", `/*+ hint 7 */ SELECT a -- end`, `SELECT a`)
	f("", `id = $1 AND b = ?2 AND c = ? AND d = :name AND e = @p1 AND f = :9`, `id = $1 AND b = ? AND c = ? AND d = :name AND e = @p1 AND f = :?`)
	f("", "`order`.`it's 7` = 7", "`order`.`it's 7` = ?")
	f("", `SELECT "a"."b", "c"`, `SELECT "a"."b", ?`)
	f("", "SELECT \xff'x\xff'", `SELECT ?`)

	f(pg, `SELECT "it's" FROM "T 1" WHERE e = E'it\'s' AND f = e'\\'`, `SELECT "it's" FROM "T 1" WHERE e = ? AND f = ?`)
	f(pg, `SELECT $$it's$$, $x$ $$ $y$ $x$, $1::int4, $23`, `SELECT ?, ?, $1::int4, $23`)
	f(pg, `x LIKE '%\_%' ESCAPE '\' AND y = 'a'`, `x LIKE ? ESCAPE ? AND y = ?`)
	f(pg, `SELECT a[1:2], b->>'k' #>> '{a}'`, `SELECT a[?:?], b->>? #>> ?`)
	f(ms, `SELECT [it's 1] FROM #t WHERE p = $12 OR q = $1.50`, `SELECT [it's 1] FROM #t WHERE p = $? OR q = $?`)
	f(ora, `SELECT q'[it's]', nq'!it's!' FROM dual`, `SELECT ?, ? FROM dual`)
	f(lite, `SELECT "a"."b" FROM "t" WHERE "c" = "d" AND e IS NOT DISTINCT FROM "f"`, `SELECT "a"."b" FROM "t" WHERE ? = ? AND e IS NOT DISTINCT FROM ?`)
	f(my, "SELECT \"it's\" # it's\n, 1", `SELECT ? , ?`)

	// Two servers read these in two ways: only what they agree on is told.
	f(my, `SELECT a FROM t WHERE b = 'it\'s secret' AND c = 'x'`, `SELECT a FROM t WHERE b = ?…`)
	f(my, `SELECT "a\"secret", b FROM t`, `SELECT ?…`)
	f("", `WHERE a = 'C:\' AND b = 'secret'`, `WHERE a = ?…`)
	f("", `SELECT 1 /* a /* b */ secret */`, `SELECT ?…`)
	f("", "SELECT 5--'a\nsecret'", `SELECT ?…`)
	// These end inside a literal.
	f("", `SELECT secret 'x`, `SELECT …`)
	f("", "secret `x", `…`)
	f("", `DELETE /* x`, `DELETE …`)
	f(pg, `SELECT secret $x$ y`, `SELECT …`)
	f("", `x ESCAPE '\''`, `…`)

	long := "SELECT " + strings.Repeat("column, ", 1000) + "1"
	f("", long, long[:sqlTextLimit]+"…")
}

func TestSQLSummary(t *testing.T) {
	t.Parallel()
	f := func(query, want string) {
		t.Helper()
		got := sqlDialectOf("postgresql").read(query)
		if got.summary != want {
			t.Errorf("summary of %s = %q, want %q", query, got.summary, want)
		}
		if verb, _, _ := strings.Cut(want, " "); got.operation != verb {
			t.Errorf("operation of %s = %q, want %q", query, got.operation, verb)
		}
	}
	f("", "")
	f("select 1", "SELECT")
	f("SELECT a FROM users u WHERE b IN (SELECT c FROM d)", "SELECT users")
	f("SELECT (SELECT max(a) FROM b) FROM c", "SELECT c")
	f("SELECT * FROM (SELECT a FROM b) x", "SELECT")
	f(`(SELECT a FROM "public"."users") UNION (SELECT a FROM b)`, "SELECT public.users")
	f("insert into a.b(c) values ($1) on conflict do update set c = 1", "INSERT a.b")
	f("INSERT OR REPLACE INTO t SELECT * FROM u", "INSERT t")
	f("UPDATE OR IGNORE t SET a = 1", "UPDATE t")
	f("update only t set a = 1", "UPDATE t")
	f("DELETE FROM t", "DELETE t")
	f("WITH x AS (SELECT a FROM b), y AS (DELETE FROM c) INSERT INTO d SELECT * FROM x", "INSERT d")
	f("CREATE TABLE IF NOT EXISTS t (a INT)", "CREATE t")
	f("CREATE INDEX i ON t (a)", "CREATE")
	f("-- name: users\nSELECT a FROM t", "SELECT t")
	f("HANDLER t READ FIRST; SELECT a FROM t", "")
	f("SELECT 'x' FROM 'secret'", "SELECT")
	f("SELECT a FROM "+strings.Repeat("x", 200), "SELECT")
}

// FuzzSQLText builds a query that a server would read as we expect, from what each
// byte of plan stands for, with a secret in every value, and looks for the secret.
func FuzzSQLText(f *testing.F) {
	f.Add(uint8(0), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, `it's`)
	f.Add(uint8(1), []byte{7, 2, 9, 5, 2}, `\`)
	f.Add(uint8(2), []byte{2, 6, 2, 8, 2}, `*/ /*`)
	f.Add(uint8(3), []byte{2, 2, 4, 3}, "$$\n--")
	f.Add(uint8(4), []byte{10, 2, 11, 2}, "]'\"")
	f.Fuzz(func(t *testing.T, system uint8, plan []byte, noise string) {
		name := []string{"postgresql", "sqlite", "mysql", "microsoft.sql_server", ""}[system%5]
		noise = noise[:min(len(noise), 256)]
		query := planSQL(name, plan[:min(len(plan), 64)], noise)
		got := sqlDialectOf(name).read(query)
		for _, s := range []string{got.text, got.operation, got.summary} {
			if strings.Contains(s, planSecret) || strings.Contains(s, "777") {
				t.Fatalf("%s: %s\nis told as %s", name, query, s)
			}
		}
		sqlTextHolds(t, name, query)
		sqlTextHolds(t, name, noise)
	})
}

// sqlTextHolds checks what is true of any text at all.
func sqlTextHolds(t *testing.T, system, query string) {
	t.Helper()
	d := sqlDialectOf(system)
	got := d.read(query)
	if !utf8.ValidString(got.text) || !utf8.ValidString(got.summary) {
		t.Fatalf("%q is told as %q, %q", query, got.text, got.summary)
	}
	if len(got.text) > sqlTextLimit+len("…") {
		t.Fatalf("text of %d bytes", len(got.text))
	}
	if again := d.read(got.text); utf8.ValidString(query) && !strings.HasSuffix(got.text, "…") && again.text != got.text {
		t.Fatalf("%q is told as %q, and that as %q", query, got.text, again.text)
	}
}

const planSecret = "hunter"

// planSQL writes a query for a system, with a secret in its values and its comments.
func planSQL(system string, plan []byte, noise string) string {
	backslash := system == "mysql"
	literal := func(quote string) string {
		s := planSecret + noise + planSecret
		if backslash {
			s = strings.ReplaceAll(s, `\`, `\\`)
			s = strings.ReplaceAll(s, quote, `\`+quote)
		} else {
			s = strings.ReplaceAll(s, quote, quote+quote)
		}
		return quote + s + quote
	}
	var b strings.Builder
	b.WriteString("SELECT")
	for _, p := range plan {
		b.WriteString(" ")
		switch p % 12 {
		case 0:
			b.WriteString("FROM")
		case 1:
			b.WriteString("7770.777e-777")
		case 2:
			b.WriteString(literal("'"))
		case 3:
			b.WriteString("name.other ,")
		case 4:
			b.WriteString("(")
		case 5:
			b.WriteString("--  " + planSecret + strings.ReplaceAll(noise, "\n", "") + "\n")
		case 6:
			b.WriteString("/* " + planSecret + strings.ReplaceAll(strings.ReplaceAll(noise, "*/", ""), "/", "") + " */")
		case 7:
			b.WriteString(planOwn(system, noise))
		case 8:
			b.WriteString("$1 + ")
		case 9:
			b.WriteString("N" + literal("'"))
		case 10:
			b.WriteString("=0x777f")
		case 11:
			if system == "mysql" || system == "sqlite" {
				b.WriteString("IS DISTINCT FROM " + literal(`"`) + " ")
			}
		}
	}
	return b.String()
}

// planOwn is a value as only some systems write it.
func planOwn(system, noise string) string {
	switch system {
	case "postgresql":
		s := strings.ReplaceAll(strings.ReplaceAll(planSecret+noise+planSecret, `\`, `\\`), `'`, `\'`)
		return "E'" + s + "' $q$" + planSecret + strings.ReplaceAll(noise, "$", "") + "$q$"
	case "mysql":
		return "#" + planSecret + strings.ReplaceAll(noise, "\n", "") + "\n"
	case "microsoft.sql_server":
		return "$777.50 [name]"
	}
	return "`name`"
}

func BenchmarkSQLText(b *testing.B) {
	const query = `SELECT o.id, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.state = 'open' AND o.total > 100.50 AND o.created > $1 ORDER BY o.created DESC LIMIT 20`
	d := sqlDialectOf("postgresql")
	b.ReportAllocs()
	b.SetBytes(int64(len(query)))
	for b.Loop() {
		d.read(query)
	}
}
