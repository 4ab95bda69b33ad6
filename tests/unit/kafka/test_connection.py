"""How the brokers are reached: TLS with an own authority and with a client certificate, shown in a real handshake."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from printworks_common.kafka.connection import client_options, tls_context
from printworks_common.settings import KafkaSettings

Key = ec.EllipticCurvePrivateKey


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs certificates of brokers and clients into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key: Key = ec.generate_private_key(ec.SECP256R1())
        self._name = name("brokers' authority")
        self.file = folder / "ca.crt"
        self.file.write_bytes(self._sign(self._name, self._key, authority=True))

    def issue(self, common_name: str) -> tuple[Path, Path]:
        """Files of a new certificate and its key."""
        key: Key = ec.generate_private_key(ec.SECP256R1())
        certificate, key_file = self._folder / f"{common_name}.crt", self._folder / f"{common_name}.key"
        certificate.write_bytes(self._sign(name(common_name), key, authority=False))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, key_file

    def _sign(self, subject: x509.Name, key: Key, *, authority: bool) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def settings(**values: object) -> KafkaSettings:
    return KafkaSettings(kafka_bootstrap="localhost:9093", kafka_security_protocol="SSL", **values)  # pyright: ignore[reportArgumentType]


async def greeted_as(broker: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """The common name that a server with `broker` sees of a client with `client`."""
    seen: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        certificate = writer.get_extra_info("peercert")
        seen.set_result(dict(pair for field in certificate["subject"] for pair in field)["commonName"])
        writer.close()

    server = await asyncio.start_server(greet, "localhost", 0, ssl=broker)
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("localhost", port, ssl=client)
        try:
            async with asyncio.timeout(10):
                return await seen
        finally:
            writer.close()


async def test_a_client_certificate_says_who_we_are_and_the_authority_who_the_brokers_are(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    broker = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
    broker.load_cert_chain(*authority.issue("broker"))
    broker.verify_mode = ssl.CERT_REQUIRED
    certificate, key = authority.issue("printworks-render-worker")

    context = tls_context(
        settings(kafka_ssl_ca_file=authority.file, kafka_ssl_cert_file=certificate, kafka_ssl_key_file=key)
    )

    assert context is not None
    assert context.check_hostname
    assert await greeted_as(broker, context) == "printworks-render-worker"


async def test_brokers_of_another_authority_are_not_believed(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    broker = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    broker.load_cert_chain(*Authority(theirs).issue("broker"))
    context = tls_context(settings(kafka_ssl_ca_file=Authority(ours).file))

    assert context is not None
    with pytest.raises(ssl.SSLCertVerificationError):
        await greeted_as(broker, context)


def test_without_tls_there_is_no_context() -> None:
    assert client_options(KafkaSettings(kafka_bootstrap="localhost:9092"))["ssl_context"] is None


def test_scram_is_the_mechanism_unless_another_is_named() -> None:
    options = client_options(
        KafkaSettings.model_validate(
            {
                "kafka_bootstrap": "localhost:9092",
                "kafka_security_protocol": "SASL_PLAINTEXT",
                "kafka_sasl_username": "printworks-worker",
                "kafka_sasl_password": "hunter2",
            }
        )
    )
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"


def test_a_certificate_without_its_key_is_refused() -> None:
    with pytest.raises(ValueError, match="both or not at all"):
        settings(kafka_ssl_cert_file=Path("client.crt"))
