package group

import (
	"regexp"
	"strings"
)

// What tools for the JVM generate at run time carries numbers that differ from one
// start to the next. These patterns keep what stands before the numbers.
var (
	javassist  = regexp.MustCompile(`(\$\$_javassist)(?:_seam)?(?:_[0-9]+)?`)
	javaNumber = [...]*regexp.Regexp{
		regexp.MustCompile(`(sun\.reflect\.Generated(?:Serialization)?ConstructorAccessor)\d+`),
		regexp.MustCompile(`(\$\$\w+?CGLIB\$\$)[a-fA-F0-9]+(?:_[0-9]+)?`),
		javassist,
		regexp.MustCompile(`(\$fn__)\d+`),
		regexp.MustCompile(`(\$\$?EnhancerBy\w+?\$?\$)[a-fA-F0-9]+(?:_[0-9]+)?`),
		regexp.MustCompile(`(\$\$?FastClassBy\w+?\$?\$)[a-fA-F0-9]+(?:_[0-9]+)?`),
		regexp.MustCompile(`(\$\$?HibernateProxy\$?\$)\w+(?:_[0-9]+)?`),
	}
)

// javaModule returns the class without what was generated, or nothing for lambdas.
func javaModule(module string) string {
	for _, p := range [...]string{"sun.reflect.GeneratedMethodAccessor", "jdk.internal.reflect.GeneratedMethodAccessor"} {
		if strings.HasPrefix(module, p) {
			return p
		}
	}
	generated := strings.HasPrefix(module, "sun.reflect.Generated")
	if !generated && strings.IndexByte(module, '$') < 0 {
		return module
	}
	if strings.Contains(module, "$$Lambda$") || strings.Contains(module, "$$Lambda/") {
		return ""
	}
	if !generated && !strings.Contains(module, "$$") && !strings.Contains(module, "$fn__") &&
		!strings.Contains(module, "By") && !strings.Contains(module, "$Hibernate") {
		return module // a class within a class
	}
	for _, p := range javaNumber {
		module = p.ReplaceAllString(module, "${1}")
	}
	return module
}
