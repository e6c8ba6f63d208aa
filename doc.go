// Package picket tells Picket, or Sentry, what an agent platform does: its errors, its
// requests, the executions of its agents with their tool calls, model calls, policy
// evaluations and tokens.
//
// # Start
//
//	if err := picket.Init(picket.Options{}); err != nil {
//		log.Fatal(err)
//	}
//	defer picket.Close(context.Background())
//
// The zero Options read SENTRY_DSN, SENTRY_ENVIRONMENT and SENTRY_RELEASE. Without a DSN
// everything works and nothing is sent: errors and executions are written to the log
// (local mode). New makes a Client that is not the default one, see NewContext.
//
// # The context carries everything
//
// Who a request is for, which agent runs, in which execution, below which span, after
// which breadcrumbs: all of it is in the context.Context, and nothing is global but the
// default client. The With functions return a context that knows more; the Set functions
// tell the surrounding request or execution, also those who hold an outer context of it.
//
//	ctx = picket.WithUser(ctx, picket.User{ID: "u81"})
//	picket.SetOrganization(ctx, picket.Organization{ID: "acme", Tier: "enterprise"})
//
// What begins by itself has a scope of its own, so that nothing mixes with its
// neighbours: a request (Middleware), an execution (StartExecution), a transaction
// (StartTransaction), a goroutine (Go).
//
// # Errors
//
//	if err := charge(ctx, order); err != nil {
//		id := picket.CaptureException(ctx, err)
//
// An error is titled by the most telling type in its chain, and where it has none by the
// function that captured it, so that fmt.Errorf and errors.New give useful issues, too.
// CaptureMessage reports a message, Recover a panic; CaptureAgentError reports the failure
// of an execution that was watched by somebody else. The id that comes back is what
// support searches by.
//
// # Executions
//
//	ctx, run := picket.StartExecution(ctx, picket.Agent{ID: "billing", Name: "Billing"})
//	defer run.Done(&err)
//
//	ctx, call := picket.StartModelCall(ctx, picket.ModelCall{Provider: "anthropic", Model: "claude-sonnet-4-5"})
//	answer, err := model.Ask(ctx, prompt)
//	call.End(picket.ModelResult{Usage: usage(answer), FinishReasons: answer.Reasons}, err)
//
// Tool calls (StartToolCall), policy evaluations (RecordPolicy), hand-offs (Handoff) and
// whatever spans there are in the context belong to the execution. They have the names of
// the gen_ai conventions, so that Sentry's own pages for agents show them as well. They are
// sent while the execution runs: a crash loses about a second of them. An execution ends
// ok, with an error, or failed: without an error, and yet not having done its task (Fail).
//
// # Requests
//
//	mux := http.NewServeMux()
//	handler := picket.Middleware(picket.MiddlewareOptions{User: userOf, AgentPathValue: "agentId"})(mux)
//
// Each request is a transaction named by its route. A panic is reported and answered with
// 500 and the event's id. Transport does the same for outgoing requests, and carries the
// trace on; WrapConnector and WrapDriver for database/sql. For gin, echo and fiber there
// are modules of their own under adapters.
//
// # What is sent
//
// Errors: all (Options.SampleRate). Transactions: a tenth in production, all elsewhere
// (Options.TracesSampleRate, Options.TracesSampler). Executions: all, since costs can only be
// added up exactly when all are seen (Options.ExecutionSampleRate).
//
// Secrets are taken out before anything is sent, by the rules of package redact, which are
// the server's: passwords, tokens, keys and cookies in headers, URLs, bodies, breadcrumbs,
// messages and tool arguments. Options.AnonymizeUsers and Options.OmitContent send less.
//
// Nothing here blocks: what cannot be delivered waits in a bounded buffer, is sent again
// when the server is back, and is counted when it does not fit (Client.Stats). Flush and
// Close wait, as long as their context allows. A nil Client, Span or Execution does nothing.
//
// # Beside sentry-go
//
// The client stands on sentry-go. Code that calls it goes on to work: after Init,
// sentry.CurrentHub reports through this client, and sentry.GetHubFromContext finds in our
// contexts a hub that knows the user, the agent and the execution. Options.Sentry changes
// the options of the client underneath.
package picket
