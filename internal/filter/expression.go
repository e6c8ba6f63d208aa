package filter

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"relay.one/picket/internal/settings"
)

const (
	// CostLimit is the most that an expression may cost for one event, in CEL's units: about
	// one for each step, and one for each ten characters that are looked through.
	CostLimit = 20_000
	// longestExpression is the most characters of one.
	longestExpression = 2000
	// deepest is how deep expressions nest, and largestRegexp the most instructions of a
	// pattern of matches().
	deepest       = 40
	largestRegexp = 2000
)

// expression is a condition in CEL.
type expression struct {
	name, reason string
	program      cel.Program
	read         map[string]func(*Subject) any // what it asks for, by name
	failures     atomic.Int64
	last, told   atomic.Pointer[string]
	cost         atomic.Uint64 // the most so far
}

// language is what expressions are written in: conditions, without what makes new lists.
var language = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.ClearMacros(), cel.Macros(cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro),
		cel.ParserExpressionSizeLimit(longestExpression), cel.ParserRecursionLimit(deepest), cel.ParserErrorRecoveryLimit(4),
		cel.RegexProgramSizeLimit(largestRegexp), cel.CrossTypeNumericComparisons(true),
	}
	for _, v := range variables {
		options = append(options, cel.Variable(v.name, v.kind))
	}
	return cel.NewEnv(options...)
})

func newExpression(x settings.Expression) (*expression, error) {
	switch {
	case strings.TrimSpace(x.When) == "":
		return nil, errors.New(`is empty: write a condition, such as event.level == "debug"`)
	case len(x.When) > longestExpression:
		return nil, fmt.Errorf("has %d bytes, at most %d are taken", len(x.When), longestExpression)
	}
	env, err := language()
	if err != nil {
		return nil, fmt.Errorf("prepare CEL: %w", err)
	}
	ast, issues := env.Compile(x.When)
	if issues.Err() != nil {
		return nil, explain(x.When, issues)
	}
	if !ast.OutputType().IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("is of type %s: want a condition that is true or false", ast.OutputType())
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(CostLimit))
	if err != nil {
		return nil, fmt.Errorf("%s", oneLine(err.Error()))
	}
	return &expression{name: x.Name, reason: ByExpression + x.Name, program: program, read: readers}, nil
}

// readers is how variables are read, by name.
var readers = func() map[string]func(*Subject) any {
	m := make(map[string]func(*Subject) any, len(variables))
	for _, v := range variables {
		m[v.name] = v.read
	}
	return m
}()

// mostIssues is how many mistakes are told of one expression.
const mostIssues = 3

// explain says where an expression is wrong, and what it might have meant.
func explain(source string, issues *cel.Issues) error {
	var texts []string
	for _, e := range issues.Errors() {
		if len(texts) == mostIssues {
			break
		}
		at, text := "", oneLine(e.Message)
		if e.Location.Line() > 0 {
			at = fmt.Sprintf("line %d, column %d: ", e.Location.Line(), e.Location.Column()+1)
		}
		if strings.HasPrefix(text, "undeclared reference") {
			text = unknown(text, nameAt(source, e.Location.Line(), e.Location.Column()))
		}
		texts = append(texts, at+text)
	}
	return errors.New(strings.Join(texts, "; "))
}

// unknown says which names there are beside one that there is not.
func unknown(text, name string) string {
	root, rest, _ := strings.Cut(name, ".")
	var members, roots []string
	for _, v := range Names() {
		first, member, _ := strings.Cut(v, ".")
		if first == root {
			members = append(members, member)
		}
		if n := len(roots); n == 0 || roots[n-1] != first {
			roots = append(roots, first)
		}
	}
	switch {
	case strings.Contains(text, "'has'"):
		return `there is no has(): what is not there is empty, and "name" in event.tags asks for a tag`
	case root == "": // a function
		return text
	case len(members) > 0:
		member, _, _ := strings.Cut(rest, ".")
		return fmt.Sprintf("there is no %s; %s has %s", strings.TrimSuffix(root+"."+member, "."), root, strings.Join(members, ", "))
	}
	return text + "; there are " + strings.Join(roots, ", ")
}

// nameAt returns the name with its dots that stands in the source at a line, from 1, and a
// column, from 0.
func nameAt(source string, line, column int) string {
	lines := strings.Split(source, "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	rest := []rune(lines[line-1])
	rest = rest[min(max(column, 0), len(rest)):]
	for i, r := range rest {
		if r != '.' && r != '_' && (r > 'z' || !isLetter(byte(r|0x20))) {
			return string(rest[:i])
		}
	}
	return string(rest)
}

// oneLine makes a message of CEL one short line.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, " (in container '')", "")), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// holds reports whether the expression holds for the subject. The error says why it could
// not be worked out.
func (e *expression) holds(x *Subject) (bool, error) {
	out, details, err := e.program.Eval(activation{x, e.read})
	if details != nil {
		if cost := details.ActualCost(); cost != nil && *cost > e.cost.Load() {
			e.cost.Store(*cost)
		}
	}
	if err == nil {
		if hit, ok := out.(types.Bool); ok {
			return bool(hit), nil
		}
		err = fmt.Errorf("gives %s, no truth", out.Type().TypeName())
	}
	text := oneLine(err.Error())
	if strings.Contains(text, "cost limit") {
		text = fmt.Sprintf("costs more than %d steps", CostLimit)
	}
	e.failures.Add(1)
	e.last.Store(&text)
	e.told.Store(&text)
	return false, errors.New(text)
}

// activation hands an expression what it asks for.
type activation struct {
	x    *Subject
	read map[string]func(*Subject) any
}

// ResolveName implements cel.Activation.
func (a activation) ResolveName(name string) (any, bool) {
	read, ok := a.read[name]
	if !ok {
		return nil, false
	}
	return read(a.x), true
}

// Parent implements cel.Activation.
func (a activation) Parent() cel.Activation { return nil }
