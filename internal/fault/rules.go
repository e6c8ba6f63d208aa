package fault

// families lists whose errors are known. To add a provider or framework, write its file
// and a line here. The order matters twice: of several families that a message names the
// first is taken, and of several phrases too; so those built on others stand before them.
var families = [...]*family{&azure, &bedrock, &anthropic, &google, &mistral, &cohere, &groq, &deepSeek, &openRouter,
	&xAI, &together, &ollama, &huggingFace, &openAI, &hosts, &litellm, &vercel, &langChain, &pydanticAI, &openAIAgents, &frameworks, &guards, &mcp, &sdks, &tools, &plain}

// family is what is known of one provider or framework.
type family struct {
	provider string
	in       scope    // what its names and signs are evidence of
	prefixes []string // of its types and modules
	signs    []string // texts that name it in messages
	types    []typeRule
	codes    []codeRule
	phrases  []phraseRule
	plain    bool // the phrases are everyday words, which count last
}

// typeRule says what an exception of a type means.
type typeRule struct {
	name    string // last part of the type's name
	kind    Kind
	needs   scope // where it must happen to count; 0 for anywhere
	general bool  // a class of many causes: what the message says goes first
}

// codeRule says what a code in a provider's error body means.
type codeRule struct {
	code    string
	kind    Kind
	needs   scope
	general bool
}

// phraseRule says what words in a message mean, in any case, with spaces, hyphens and
// underscores alike.
type phraseRule struct {
	text  string
	also  string // must be there as well, unless empty
	kind  Kind
	needs scope
}

// rule is a line of any table, compiled.
type rule struct {
	kind     Kind
	name     string // shown as Fault.Rule
	provider string
	code     string
	needs    scope
	general  bool
	retry    bool // can help although others of its kind do not

	text, also int // phrases, by number in the index
}

// rulebook is the tables, compiled for look-up.
type rulebook struct {
	types  map[string]*rule
	codes  map[string]*rule
	status map[int]*rule

	prefixes [256][]prefix // of types and modules, by their first byte

	index   index
	phrases []rule
	plain   []rule
	signs   []sign
}

// prefix is the beginning of the names of a family's types and modules.
type prefix struct {
	text   string
	family *family
}

// sign is a text that names a family.
type sign struct {
	text   int
	family *family
}

var book = compile()

func compile() rulebook {
	b := rulebook{types: map[string]*rule{}, codes: map[string]*rule{}, status: map[int]*rule{}, index: newIndex()}
	for _, f := range families {
		for _, t := range f.types {
			b.types[t.name] = &rule{kind: t.kind, name: "type:" + t.name, provider: f.provider, needs: t.needs, general: t.general}
		}
		for _, c := range f.codes {
			b.codes[c.code] = &rule{kind: c.kind, name: "code:" + c.code, provider: f.provider, code: c.code, needs: c.needs, general: c.general}
		}
		for _, p := range f.prefixes {
			b.prefixes[p[0]] = append(b.prefixes[p[0]], prefix{p, f})
		}
		for _, s := range f.signs {
			b.signs = append(b.signs, sign{b.index.add(s), f})
		}
		b.addPhrases(f)
	}
	for _, s := range statuses {
		b.status[s.status] = &rule{kind: s.kind, name: "status:" + s.text, needs: inModel}
	}
	return b
}

func (b *rulebook) addPhrases(f *family) {
	for _, p := range f.phrases {
		r := rule{kind: p.kind, name: "message:" + p.text, provider: f.provider, needs: p.needs, text: b.index.add(p.text)}
		r.also = r.text
		if p.also != "" {
			r.also = b.index.add(p.also)
		}
		if f.plain {
			b.plain = append(b.plain, r)
		} else {
			b.phrases = append(b.phrases, r)
		}
	}
}
