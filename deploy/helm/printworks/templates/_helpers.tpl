{{/* Names and labels. */}}
{{- define "printworks.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "printworks.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ include "printworks.tag" . | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: printworks
{{ include "printworks.selector" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "printworks.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "printworks.tag" -}}
{{- default .Chart.AppVersion .Values.image.tag -}}
{{- end }}

{{/* Image of a service: dict "root" "image". */}}
{{- define "printworks.image" -}}
{{- $digest := index .root.Values.image.digests .image -}}
{{- if $digest -}}
{{ printf "%s/%s@%s" .root.Values.image.registry .image $digest }}
{{- else -}}
{{ printf "%s/%s:%s" .root.Values.image.registry .image (include "printworks.tag" .root) }}
{{- end -}}
{{- end }}

{{/* The roles that are deployed, as YAML: name to what the code says of it ("catalog") and the values ("values"). */}}
{{- define "printworks.roles" -}}
{{- $root := . -}}
{{- $catalog := .Files.Get "files/catalog.yaml" | fromYaml -}}
{{- $roles := dict -}}
{{- range $name, $about := $catalog.roles -}}
{{- $values := mustMergeOverwrite (deepCopy $root.Values.defaults) (deepCopy (default dict (index $root.Values $name))) -}}
{{- if $values.enabled -}}
{{- $full := printf "%s-%s" (include "printworks.fullname" $root) $about.component -}}
{{- $_ := set $roles $name (dict "name" $name "fullname" $full "catalog" $about "values" $values) -}}
{{- end -}}
{{- end -}}
{{- toYaml $roles -}}
{{- end }}

{{/* Labels of a role's objects: dict "root" "role". */}}
{{- define "printworks.role.labels" -}}
{{ include "printworks.labels" .root }}
app.kubernetes.io/component: {{ .role.catalog.component }}
{{- end }}

{{- define "printworks.role.selector" -}}
{{ include "printworks.selector" .root }}
app.kubernetes.io/component: {{ .role.catalog.component }}
{{- end }}

{{/* Greatest number of replicas a role can have: dict "role". */}}
{{- define "printworks.role.most" -}}
{{- if .role.values.autoscaling.enabled -}}
{{ int .role.values.autoscaling.maxReplicas }}
{{- else -}}
{{ int .role.values.replicas }}
{{- end -}}
{{- end }}

{{/* Fewest replicas. */}}
{{- define "printworks.role.least" -}}
{{- if .role.values.autoscaling.enabled -}}
{{ int .role.values.autoscaling.minReplicas }}
{{- else -}}
{{ int .role.values.replicas }}
{{- end -}}
{{- end }}

{{/* Is the role served over HTTP? */}}
{{- define "printworks.role.http" -}}
{{- if has .role.name (list "receiver" "api") }}true{{ end -}}
{{- end }}

{{- define "printworks.kafka.user" -}}
{{- .root.Values.kafka.user | replace "%s" .name -}}
{{- end }}

{{- define "printworks.kafka.userSecret" -}}
{{- .root.Values.kafka.userSecret | replace "%s" .name -}}
{{- end }}

{{- define "printworks.kafka.sasl" -}}
{{- if hasPrefix "SASL" .Values.kafka.securityProtocol }}true{{ end -}}
{{- end }}

{{- define "printworks.kafka.bootstrap" -}}
{{- if and .Values.dev.enabled (not .Values.kafka.bootstrap) -}}
{{ include "printworks.fullname" . }}-dev-kafka:9092
{{- else -}}
{{ .Values.kafka.bootstrap }}
{{- end -}}
{{- end }}

{{- define "printworks.s3.endpoint" -}}
{{- if and .Values.dev.enabled (not .Values.s3.endpoint) -}}
http://{{ include "printworks.fullname" . }}-dev-s3:8333
{{- else -}}
{{ .Values.s3.endpoint }}
{{- end -}}
{{- end }}
