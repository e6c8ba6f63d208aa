package api

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsHTML string

// docsPolicy lets the page do nothing but show itself: one style, no scripts, nothing fetched.
const docsPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// serveDocs shows the document to people: one page, made once.
func serveDocs(d document) http.HandlerFunc {
	var b bytes.Buffer
	if err := template.Must(template.New("docs").Parse(docsHTML)).Execute(&b, docsOf(d.api)); err != nil {
		panic("api: the page of the OpenAPI document cannot be made: " + err.Error())
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", docsPolicy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Write(b.Bytes())
	}
}

// docs is what the page shows.
type docs struct {
	Title   string
	About   []string
	Groups  []docsGroup
	Schemas []docsSchema
}

type docsGroup struct {
	Name       string
	Operations []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Also string
	Summary, About, Scope  string
	Parameters             []docsField
	Body, Answer           docsType
	Status                 string
}

type docsSchema struct {
	Name   string
	Fields []docsField
}

type docsField struct {
	Name, In, About string
	Required        bool
	Type            docsType
}

// docsType is how a type reads: its name, and the schema it leads to when it has one.
type docsType struct{ Text, Ref string }

func docsOf(d *huma.OpenAPI) docs {
	out := docs{Title: d.Info.Title, About: strings.Split(d.Info.Description, "\n\n")}
	at := map[string]int{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, op := range operations(d.Paths[path]) {
			if strings.HasSuffix(op.OperationID, "V1") {
				continue // named with its twin
			}
			tag := op.Tags[0]
			if _, ok := at[tag]; !ok {
				at[tag] = len(out.Groups)
				out.Groups = append(out.Groups, docsGroup{Name: tag})
			}
			group := &out.Groups[at[tag]]
			group.Operations = append(group.Operations, docsOperationOf(d, path, op))
		}
	}
	schemas := d.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		out.Schemas = append(out.Schemas, docsSchema{name, docsFields(schemas[name])})
	}
	return out
}

// operations returns those of a path, reading ones first.
func operations(p *huma.PathItem) []*huma.Operation {
	all := []*huma.Operation{p.Get, p.Post, p.Put, p.Patch, p.Delete}
	return slices.DeleteFunc(all, func(op *huma.Operation) bool { return op == nil })
}

func docsOperationOf(d *huma.OpenAPI, path string, op *huma.Operation) docsOperation {
	out := docsOperation{
		ID: op.OperationID, Method: op.Method, Path: path,
		Summary: op.Summary, About: op.Description,
	}
	if scopes := op.Security[0][tokenScheme]; len(scopes) > 0 {
		out.Scope = scopes[0]
	}
	if d.Paths["/api/v1"+path] != nil {
		out.Also = "/api/v1" + path
	}
	for _, p := range op.Parameters {
		out.Parameters = append(out.Parameters, docsField{p.Name, p.In, p.Description, p.Required, docsTypeOf(p.Schema)})
	}
	if op.RequestBody != nil {
		out.Body = docsTypeOf(op.RequestBody.Content["application/json"].Schema)
	}
	for status, r := range op.Responses {
		if status != "default" {
			for _, media := range r.Content {
				out.Status, out.Answer = status, docsTypeOf(media.Schema)
			}
		}
	}
	return out
}

// docsFields lists the properties of an object, required ones first.
func docsFields(s *huma.Schema) []docsField {
	var out []docsField
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		out = append(out, docsField{name, "", p.Description, slices.Contains(s.Required, name), docsTypeOf(p)})
	}
	return out
}

// docsTypeOf reads a schema as people would say it: list of Issue, text or null.
func docsTypeOf(s *huma.Schema) docsType {
	if s.Ref != "" {
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return docsType{name, name}
	}
	out := docsType{Text: s.Type}
	switch {
	case s.Type == huma.TypeArray:
		item := docsTypeOf(s.Items)
		out = docsType{"list of " + item.Text, item.Ref}
	case s.Type == "":
		out.Text = "anything"
	case s.Format == "date-time":
		out.Text = "time"
	case len(s.Enum) > 0:
		out.Text = "one of " + enumText(s.Enum)
	}
	if s.Default != nil {
		out.Text += ", else " + enumText([]any{s.Default})
	}
	if s.Nullable {
		out.Text += " or null"
	}
	return out
}

func enumText(values []any) string {
	var texts []string
	for _, v := range values {
		if v != "" {
			texts = append(texts, fmt.Sprint(v))
		}
	}
	return strings.Join(texts, ", ")
}
