package agent

import (
	"strings"

	"relay.one/picket/internal/model"
)

// finishes maps what providers and frameworks call the reason why a model, or an agent,
// stopped; in lower case, words joined by underscores.
var finishes = map[string]model.Finish{
	"stop": model.FinishStop, "end_turn": model.FinishStop, "stop_sequence": model.FinishStop, "eos": model.FinishStop,
	"eos_token": model.FinishStop, "complete": model.FinishStop, "completed": model.FinishStop, "end": model.FinishStop,
	"finished": model.FinishStop, "done": model.FinishStop, "success": model.FinishStop,

	"tool_calls": model.FinishToolCalls, "tool_call": model.FinishToolCalls, "tool_use": model.FinishToolCalls,
	"function_call": model.FinishToolCalls, "function_calls": model.FinishToolCalls,

	"length": model.FinishLength, "max_tokens": model.FinishLength, "max_output_tokens": model.FinishLength,
	"max_completion_tokens": model.FinishLength, "model_length": model.FinishLength, "max_length": model.FinishLength,
	"token_limit": model.FinishLength, "context_length": model.FinishLength, "error_limit": model.FinishLength,
	"model_context_window_exceeded": model.FinishLength, "context_window_exceeded": model.FinishLength,

	"content_filter": model.FinishFilter, "content_filtered": model.FinishFilter, "safety": model.FinishFilter,
	"recitation": model.FinishFilter, "blocklist": model.FinishFilter, "prohibited_content": model.FinishFilter,
	"spii": model.FinishFilter, "image_safety": model.FinishFilter, "image_prohibited_content": model.FinishFilter,
	"image_recitation": model.FinishFilter, "model_armor": model.FinishFilter, "guardrail": model.FinishFilter,
	"guardrail_intervened": model.FinishFilter, "error_toxic": model.FinishFilter, "sensitive": model.FinishFilter,

	"refusal": model.FinishRefusal, "refused": model.FinishRefusal,

	"error": model.FinishError, "malformed_function_call": model.FinishError, "unexpected_tool_call": model.FinishError,
	"malformed_tool_use": model.FinishError, "malformed_model_output": model.FinishError, "server_error": model.FinishError,
	"network_error": model.FinishError, "insufficient_system_resource": model.FinishError, "failed": model.FinishError,

	"max_turns": model.FinishTurns, "error_max_turns": model.FinishTurns, "max_turn_requests": model.FinishTurns,
	"max_iterations": model.FinishTurns, "max_steps": model.FinishTurns, "recursion_limit": model.FinishTurns,
	"turn_limit": model.FinishTurns, "iteration_limit": model.FinishTurns, "max_turns_exceeded": model.FinishTurns,

	"error_max_budget_usd": model.FinishBudget, "max_budget": model.FinishBudget, "budget_exceeded": model.FinishBudget,
	"budget_limit": model.FinishBudget, "max_cost": model.FinishBudget,
}

// finishNames are the words for a finish that reasons are told in.
var finishNames = [...]string{"unknown", "stop", "tool_calls", "length", "content_filter", "refusal", "error", "max_turns", "budget"}

// finishOf reads one reason or a JSON list of them; the last one known counts, since
// agents list those of their steps. The names of Python's and Google's enumerations
// may stand before a reason.
func finishOf(given string) (last model.Finish) {
	for given != "" {
		var one string
		one, given, _ = strings.Cut(given, ",")
		if f := oneFinish(one); f != model.FinishUnknown {
			last = f
		}
	}
	return last
}

func oneFinish(s string) model.Finish {
	s = strings.Trim(s, " \t\r\n[]\"'")
	if f, ok := finishes[s]; ok || s == "" {
		return f
	}
	s = strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(s))
	s = s[strings.LastIndexByte(s, '.')+1:]
	return finishes[strings.TrimPrefix(s, "finish_reason_")]
}
