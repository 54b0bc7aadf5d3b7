// What Prometheus Operator hands to Alertmanager: its own reading, checking and writing of a configuration.
//
// Usage: operator-config VERSION-OF-ALERTMANAGER < alertmanager.yaml
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/blang/semver/v4"
	"github.com/prometheus-operator/prometheus-operator/pkg/alertmanager"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(version string) error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	parsed, err := semver.ParseTolerant(version)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	builder := alertmanager.NewConfigBuilder(logger, parsed, nil, &monitoringv1.Alertmanager{})
	if err := builder.InitializeFromRawConfiguration(text); err != nil {
		return err
	}
	if err := builder.AddAlertmanagerConfigs(context.Background(), nil); err != nil {
		return err
	}
	made, err := builder.MarshalJSON() // YAML, whatever its name says
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(made)
	return err
}
