package agent

import "strings"

// providers maps what clients call a provider to OpenTelemetry's name for it.
var providers = map[string]string{
	"xai":                  "x_ai",
	"mistral":              "mistral_ai",
	"mistralai":            "mistral_ai",
	"bedrock":              "aws.bedrock",
	"aws_bedrock":          "aws.bedrock",
	"amazon-bedrock":       "aws.bedrock",
	"amazon_bedrock":       "aws.bedrock",
	"azure":                "azure.ai.openai",
	"azure-openai":         "azure.ai.openai",
	"azure_openai":         "azure.ai.openai",
	"az.ai.openai":         "azure.ai.openai",
	"az.ai.inference":      "azure.ai.inference",
	"azure_ai":             "azure.ai.inference",
	"gemini":               "gcp.gemini",
	"google":               "gcp.gemini",
	"google_genai":         "gcp.gemini",
	"google-genai":         "gcp.gemini",
	"google.generative-ai": "gcp.gemini",
	"google_generative_ai": "gcp.gemini",
	"vertex":               "gcp.vertex_ai",
	"vertex_ai":            "gcp.vertex_ai",
	"vertexai":             "gcp.vertex_ai",
	"google-vertex":        "gcp.vertex_ai",
	"google_vertexai":      "gcp.vertex_ai",
	"google.vertex":        "gcp.vertex_ai",
}

// modes end the provider names of Vercel's AI SDK, as in openai.responses.
var modes = [...]string{".chat", ".responses", ".messages", ".completion", ".completions", ".embedding", ".embeddings", ".image"}

// providerOf returns the provider's name in OpenTelemetry's words, or as it was
// given, in lower case, when there is none.
func providerOf(given string) string {
	name := strings.ToLower(given)
	for _, m := range modes {
		if rest, ok := strings.CutSuffix(name, m); ok {
			name = rest
			break
		}
	}
	if known, ok := providers[name]; ok {
		return known
	}
	return name
}
