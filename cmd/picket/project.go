package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/server"
	"relay.one/picket/internal/store"
)

const aboutProject = `list prints the projects, create makes one, dsn prints the DSN of one and nothing
else, and limit bounds what its keys take. All of them work whether or not a server
runs on the data directory; a running one heeds a new limit within seconds.`

// projectFlags are the flags of picket project.
type projectFlags struct {
	*deskFlags
	slug, title, platform string
	perMinute             int
}

// projectVerbs lists what can be done with projects.
var projectVerbs = map[string]func(*projectFlags, context.Context, *server.Desk) error{
	"list":   (*projectFlags).list,
	"create": (*projectFlags).create,
	"dsn":    (*projectFlags).dsn,
	"limit":  (*projectFlags).limit,
}

// project administers projects.
func project(ctx context.Context, c call) error {
	verb, c := c.subcommand()
	p := &projectFlags{deskFlags: deskSettings(c, "project list|create|dsn|limit [flags]", aboutProject)}
	p.StringVar(&p.slug, "project", "default", "`name` of the project in URLs, or its number")
	p.StringVar(&p.title, "name", "", "`title` of a new project; the default is its name in URLs")
	p.StringVar(&p.platform, "platform", "", "`platform` of a new project, such as python or go")
	p.IntVar(&p.perMinute, "per-minute", 0, "limit: the most `items` of each data category a minute; 0 is no limit")
	run, known := projectVerbs[verb]
	if err := p.read(known); err != nil {
		return err
	}
	return p.do(ctx, func(desk *server.Desk) error { return run(p, ctx, desk) })
}

func (p *projectFlags) list(ctx context.Context, desk *server.Desk) error {
	projects, err := desk.Projects(ctx, store.Scope{Org: desk.Key.Org})
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.c.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tPROJECT\tNAME\tPLATFORM\tCREATED")
	for _, p := range projects {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", p.ID, p.Slug, p.Name, p.Platform, p.Created.Format(time.DateOnly))
	}
	return w.Flush()
}

func (p *projectFlags) create(ctx context.Context, desk *server.Desk) error {
	if p.title == "" {
		p.title = p.slug
	}
	made, err := desk.CreateProject(ctx, store.Scope{Org: desk.Key.Org}, p.slug, p.title, p.platform)
	if err != nil {
		return fmt.Errorf("--project %q: %w", p.slug, err)
	}
	return p.printDSN(ctx, desk, made)
}

func (p *projectFlags) dsn(ctx context.Context, desk *server.Desk) error {
	found, err := findProject(ctx, desk, p.slug)
	if err != nil {
		return err
	}
	return p.printDSN(ctx, desk, found)
}

// limit sets the rate of all keys of a project.
func (p *projectFlags) limit(ctx context.Context, desk *server.Desk) error {
	if p.perMinute < 0 {
		return fmt.Errorf("--per-minute %d: want 0 or more", p.perMinute)
	}
	found, err := findProject(ctx, desk, p.slug)
	if err != nil {
		return err
	}
	in := store.Scope{Org: found.Org}
	keys, err := desk.Keys(ctx, in, found.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := desk.LimitKey(ctx, in, k.ID, k.Enabled, p.perMinute); err != nil {
			return fmt.Errorf("limit key %s: %w", k.Name, err)
		}
	}
	return nil
}

func findProject(ctx context.Context, desk *server.Desk, name string) (store.Project, error) {
	projects, err := desk.Projects(ctx, store.Scope{Org: desk.Key.Org})
	if err != nil {
		return store.Project{}, err
	}
	for _, p := range projects {
		if p.Slug == name || p.ID.String() == name {
			return p, nil
		}
	}
	return store.Project{}, fmt.Errorf("--project %q: %w: see picket project list", name, model.ErrNotFound)
}

// printDSN prints the first key that is enabled, as a DSN and nothing else.
func (d *deskFlags) printDSN(ctx context.Context, desk *server.Desk, p store.Project) error {
	keys, err := desk.Keys(ctx, store.Scope{Org: p.Org}, p.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.Enabled {
			_, err := fmt.Fprintln(d.c.out, server.DSN(d.url(desk), k))
			return err
		}
	}
	return errors.New("project " + p.Slug + " has no enabled key")
}
