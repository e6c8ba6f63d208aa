package main

import (
	"flag"
	"fmt"
	"strings"
)

// flags are those of a subcommand, each with a twin in the environment:
// --trusted-proxy is PICKET_TRUSTED_PROXY too. The command line wins.
type flags struct {
	*flag.FlagSet
	c call
}

// newSettings returns an empty set for "picket NAME", whose help begins with about.
func newSettings(c call, name, about string) *flags {
	s := &flags{flag.NewFlagSet("picket "+name, flag.ContinueOnError), c}
	s.SetOutput(c.err)
	s.Usage = func() {
		fmt.Fprintf(s.Output(), "Usage: picket %s\n\n%s\n\nFlags:\n", name, about)
		s.VisitAll(func(f *flag.Flag) {
			kind, help := flag.UnquoteUsage(f)
			fmt.Fprintf(s.Output(), "  --%s %s\n\t%s", f.Name, kind, help)
			if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0s" {
				fmt.Fprintf(s.Output(), " (default %s)", f.DefValue)
			}
			fmt.Fprintf(s.Output(), " [%s]\n", twin(f.Name))
		})
	}
	return s
}

// twin returns the name of a flag's environment variable.
func twin(name string) string {
	return "PICKET_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// parse reads the command line and then the environment. Nothing but flags may
// stand on the line.
func (s *flags) parse() error {
	if err := s.Parse(s.c.args); err != nil {
		if err == flag.ErrHelp {
			return err
		}
		return errUsage // flag has told what is wrong
	}
	if s.NArg() > 0 {
		fmt.Fprintf(s.Output(), "%s: unexpected %q\n", s.Name(), s.Arg(0))
		return errUsage
	}
	onLine := map[string]bool{}
	s.Visit(func(f *flag.Flag) { onLine[f.Name] = true })
	var err error
	s.VisitAll(func(f *flag.Flag) {
		value, there := s.c.env(twin(f.Name))
		if !there || onLine[f.Name] || err != nil {
			return
		}
		if bad := f.Value.Set(value); bad != nil {
			err = fmt.Errorf("%s=%q: %w", twin(f.Name), value, bad)
		}
	})
	return err
}

// subcommand cuts the next word off the command line.
func (c call) subcommand() (string, call) {
	if len(c.args) == 0 || strings.HasPrefix(c.args[0], "-") {
		return "", c
	}
	name := c.args[0]
	c.args = c.args[1:]
	return name, c
}

// list is a flag that may come many times, or hold several values between commas.
type list struct {
	values []string
	check  func(string) error
}

// String implements flag.Value.
func (l *list) String() string { return strings.Join(l.values, ",") }

// Set implements flag.Value.
func (l *list) Set(text string) error {
	for v := range strings.SplitSeq(text, ",") {
		v = strings.TrimSpace(v)
		if v == "" {
			continue
		}
		if l.check != nil {
			if err := l.check(v); err != nil {
				return err
			}
		}
		l.values = append(l.values, v)
	}
	return nil
}
