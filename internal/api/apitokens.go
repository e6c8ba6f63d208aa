package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// APIToken is a token without its secret.
type APIToken struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Scopes    []string  `json:"scopes"`
	CreatedAt time.Time `json:"createdAt"`
}

func tokenOf(t store.Token) APIToken {
	return APIToken{fmt.Sprint(t.ID), t.Name, each(t.Scopes, same), t.Created.UTC()}
}

type tokenList struct {
	Tokens []APIToken `json:"tokens"`
}

func (a *rest) tokens(ctx context.Context, c access.Caller, _ *struct{}) (*tokenList, error) {
	all, err := a.store.Tokens(ctx, c.In())
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return &tokenList{each(all, tokenOf)}, nil
}

type newToken struct {
	Body struct {
		_      struct{} `additionalProperties:"false"`
		Name   string   `json:"name" minLength:"1" maxLength:"200" doc:"By which people know it again"`
		Scopes []string `json:"scopes" minItems:"1" maxItems:"50" example:"[\"event:read\",\"org:read\"]" doc:"What it may do; the caller must have each of them"`
	}
}

// madeToken is a token with its secret, which is shown this once.
type madeToken struct {
	APIToken
	Secret string `json:"secret" doc:"Shown this once: send it as Authorization: Bearer …"`
}

func (a *rest) createToken(ctx context.Context, c access.Caller, in *newToken) (*madeToken, error) {
	b := &in.Body
	slices.Sort(b.Scopes)
	b.Scopes = slices.Compact(b.Scopes)
	if err := access.CheckScopes(b.Scopes); err != nil {
		return nil, fmt.Errorf("scopes: %w", err)
	}
	for _, s := range b.Scopes {
		if err := c.Allow(s); err != nil {
			return nil, err
		}
	}
	secret, err := a.store.CreateToken(ctx, c.In(), b.Name, b.Scopes)
	if err != nil {
		return nil, fmt.Errorf("create token: %w", err)
	}
	t, err := a.guard.Tokens.Token(ctx, secret)
	if err != nil {
		return nil, fmt.Errorf("look up the new token: %w", err)
	}
	return &madeToken{tokenOf(t), secret}, nil
}

type tokenQuery struct {
	ID int64 `path:"id" minimum:"1"`
}

func (a *rest) revokeToken(ctx context.Context, c access.Caller, in *tokenQuery) (*APIToken, error) {
	all, err := a.store.Tokens(ctx, c.In())
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	i := slices.IndexFunc(all, func(t store.Token) bool { return t.ID == in.ID })
	if i < 0 {
		return nil, fmt.Errorf("%w: token %d", model.ErrNotFound, in.ID)
	}
	if err := a.store.RevokeToken(ctx, c.In(), in.ID); err != nil {
		return nil, fmt.Errorf("revoke token: %w", err)
	}
	out := tokenOf(all[i])
	return &out, nil
}
