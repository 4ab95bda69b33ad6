{{/* What a role is told, without secrets, as YAML of a ConfigMap's data: dict "root" "role". */}}
{{- define "printworks.role.settings" -}}
{{- $v := .root.Values -}}
{{- $needs := .role.catalog.needs -}}
{{- include "printworks.kafka.settings" (dict "root" .root "name" .role.name) }}
{{- if has "storage" $needs }}
PRINTWORKS_S3_ENDPOINT: {{ include "printworks.s3.endpoint" .root | quote }}
PRINTWORKS_S3_REGION: {{ $v.s3.region | quote }}
PRINTWORKS_BUCKET: {{ $v.s3.bucket | quote }}
{{- with $v.s3.publicEndpoint }}
PRINTWORKS_S3_PUBLIC_ENDPOINT: {{ . | quote }}
{{- end }}
{{- if $v.s3.ca.existingSecret }}
PRINTWORKS_S3_CA_FILE: /etc/printworks/s3/{{ $v.s3.ca.key }}
{{- end }}
{{- end }}
{{- if .role.catalog.publicUrl }}
PRINTWORKS_PUBLIC_URL: {{ $v.publicUrl | quote }}
{{- end }}
{{- if has "shops" $needs }}
PRINTWORKS_SHOPS_FILE: /etc/printworks/shops/{{ $v.shops.key }}
{{- end }}
{{- with $v.telemetry.otlpEndpoint }}
PRINTWORKS_OTLP_ENDPOINT: {{ . | quote }}
{{- end }}
{{- if and (eq .role.name "coordinator") (not (hasKey .role.values.settings "renderSlots")) }}
{{- $worker := (include "printworks.roles" .root | fromYaml).worker }}
{{- if $worker }}
{{- $slots := int (default 1 $worker.values.settings.workerSlots) }}
PRINTWORKS_RENDER_SLOTS: {{ mul $slots (max 1 (include "printworks.role.most" (dict "role" $worker) | int)) | toString | quote }}
{{- end }}
{{- end }}
{{- if and (eq .role.name "reconciler") $v.schedules.count.enabled (not (hasKey .role.values.settings "reconcileCounts")) }}
PRINTWORKS_RECONCILE_COUNTS: "false"
{{- end }}
{{- range $name, $value := .role.values.settings }}
PRINTWORKS_{{ $name | snakecase | upper }}: {{ include "printworks.text" $value | quote }}
{{- end }}
{{- end }}

{{/* A number from YAML is a float: 4194304 must not become 4.194304e+06. */}}
{{- define "printworks.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end }}

{{/* How the brokers are reached: dict "root" "name" (the role, or `topics`). */}}
{{- define "printworks.kafka.settings" -}}
{{- $k := .root.Values.kafka -}}
PRINTWORKS_KAFKA_BOOTSTRAP: {{ include "printworks.kafka.bootstrap" .root | quote }}
PRINTWORKS_KAFKA_SECURITY_PROTOCOL: {{ $k.securityProtocol }}
{{- if include "printworks.kafka.sasl" .root }}
PRINTWORKS_KAFKA_SASL_MECHANISM: {{ $k.saslMechanism }}
PRINTWORKS_KAFKA_SASL_USERNAME: {{ include "printworks.kafka.user" . | quote }}
{{- end }}
{{- if $k.ca.existingSecret }}
PRINTWORKS_KAFKA_SSL_CA_FILE: /etc/printworks/kafka-ca/{{ $k.ca.key }}
{{- end }}
{{- if $k.clientCertificate }}
PRINTWORKS_KAFKA_SSL_CERT_FILE: /etc/printworks/kafka-user/user.crt
PRINTWORKS_KAFKA_SSL_KEY_FILE: /etc/printworks/kafka-user/user.key
{{- end }}
{{- end }}

{{/* Variables from Secrets: dict "root" "role". */}}
{{- define "printworks.role.secretEnv" -}}
{{- $v := .root.Values -}}
{{- include "printworks.kafka.secretEnv" (dict "root" .root "name" .role.name) }}
{{- if has "postgres" .role.catalog.needs }}
{{ include "printworks.postgres.secretEnv" (dict "root" .root "schema" .role.catalog.schema) }}
{{- end }}
{{- if has "storage" .role.catalog.needs }}
{{- $secret := default $v.s3.existingSecret .role.values.s3Secret }}
- name: PRINTWORKS_S3_ACCESS_KEY
  valueFrom: {secretKeyRef: {name: {{ $secret | quote }}, key: access-key}}
- name: PRINTWORKS_S3_SECRET_KEY
  valueFrom: {secretKeyRef: {name: {{ $secret | quote }}, key: secret-key}}
{{- end }}
{{- range .role.catalog.secrets }}
- name: {{ .env }}
  valueFrom: {secretKeyRef: {name: {{ $v.keys.existingSecret | quote }}, key: {{ .key }}, optional: {{ not .required }}}}
{{- end }}
{{- end }}

{{- define "printworks.kafka.secretEnv" -}}
{{- if include "printworks.kafka.sasl" .root -}}
- name: PRINTWORKS_KAFKA_SASL_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ include "printworks.kafka.userSecret" . | quote }}, key: {{ .root.Values.kafka.passwordKey | quote }}}}
{{- end -}}
{{- end }}

{{- define "printworks.postgres.secretEnv" -}}
- name: PRINTWORKS_POSTGRES_DSN
  valueFrom: {secretKeyRef: {name: {{ .root.Values.postgres.existingSecret | quote }}, key: {{ .schema }}}}
{{- end }}

{{/* Volumes of files from Secrets: dict "root" "name" "needs". */}}
{{- define "printworks.volumes" -}}
{{- $v := .root.Values -}}
{{- if $v.kafka.ca.existingSecret }}
- name: kafka-ca
  secret: {secretName: {{ $v.kafka.ca.existingSecret | quote }}, defaultMode: 0440}
{{- end }}
{{- if and $v.kafka.clientCertificate (has "kafka" .needs) }}
- name: kafka-user
  secret: {secretName: {{ include "printworks.kafka.userSecret" . | quote }}, defaultMode: 0440}
{{- end }}
{{- if and $v.postgres.tlsSecret (has "postgres" .needs) }}
- name: postgres-tls
  secret: {secretName: {{ $v.postgres.tlsSecret | quote }}, defaultMode: 0440}
{{- end }}
{{- if and $v.s3.ca.existingSecret (has "storage" .needs) }}
- name: s3-ca
  secret: {secretName: {{ $v.s3.ca.existingSecret | quote }}, defaultMode: 0440}
{{- end }}
{{- if has "shops" .needs }}
- name: shops
  secret: {secretName: {{ $v.shops.existingSecret | quote }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{- define "printworks.volumeMounts" -}}
{{- $v := .root.Values -}}
{{- if $v.kafka.ca.existingSecret }}
- {name: kafka-ca, mountPath: /etc/printworks/kafka-ca, readOnly: true}
{{- end }}
{{- if and $v.kafka.clientCertificate (has "kafka" .needs) }}
- {name: kafka-user, mountPath: /etc/printworks/kafka-user, readOnly: true}
{{- end }}
{{- if and $v.postgres.tlsSecret (has "postgres" .needs) }}
- {name: postgres-tls, mountPath: /etc/printworks/postgres, readOnly: true}
{{- end }}
{{- if and $v.s3.ca.existingSecret (has "storage" .needs) }}
- {name: s3-ca, mountPath: /etc/printworks/s3, readOnly: true}
{{- end }}
{{- if has "shops" .needs }}
- {name: shops, mountPath: /etc/printworks/shops, readOnly: true}
{{- end }}
{{- end }}
