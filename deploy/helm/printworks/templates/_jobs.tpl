{{/*
A Job of the release, as a hook or plain: dict "root" "name" "image" "command" "needs" "env" (text) "hook" "weight".
A plain Job has the revision in its name, since a Job cannot be changed. Its service account is the namespace's own,
without a token: hooks run before the release's objects are there.
*/}}
{{- define "printworks.job" -}}
{{- $v := .root.Values -}}
{{- $scope := dict "root" .root "name" "topics" "needs" .needs -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "printworks.fullname" .root }}-{{ .name }}{{ if not .hook }}-{{ .root.Release.Revision }}{{ end }}
  labels:
    {{- include "printworks.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .name }}
  {{- with .hook }}
  annotations:
    helm.sh/hook: {{ . }}
    helm.sh/hook-weight: {{ $.weight | quote }}
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
  {{- end }}
spec:
  backoffLimit: {{ int $v.migrations.backoffLimit }}
  activeDeadlineSeconds: {{ int $v.migrations.deadlineSeconds }}
  ttlSecondsAfterFinished: 86400
  template:
    metadata:
      labels:
        {{- include "printworks.labels" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .name }}
        printworks.io/job: "true"
    spec:
      {{- include "printworks.podSecurity" .root | nindent 6 }}
      restartPolicy: Never
      containers:
        - name: {{ .name }}
          image: {{ include "printworks.image" (dict "root" .root "image" .image) | quote }}
          imagePullPolicy: {{ $v.image.pullPolicy }}
          command: {{ .command | toJson }}
          {{- include "printworks.containerSecurity" .root | nindent 10 }}
          env:
            {{- .env | trim | nindent 12 }}
          # A migration or a list of topics is text: what Python itself needs, and no more.
          resources:
            requests: {cpu: 50m, memory: 192Mi}
            limits: {memory: 192Mi}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            {{- include "printworks.volumeMounts" $scope | nindent 12 }}
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: 64Mi}
        {{- include "printworks.volumes" $scope | nindent 8 }}
{{- end }}
