using System.Net;
using System.Net.Sockets;
using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Images.Tests.Oci;

/// <summary>Debian's docker-registry on loopback, with a storage of its own, and skopeo to fill it.</summary>
internal sealed class TestRegistry : IDisposable
{
    /// <summary>tester, secret.</summary>
    private const string Passwords = "tester:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

    private readonly RunningTool _server;
    private readonly string _folder;
    private readonly bool _locked;

    /// <param name="folder">Made; the caller removes it.</param>
    /// <param name="locked">It wants a name and a password.</param>
    public TestRegistry(string folder, bool locked = false)
    {
        if (!File.Exists("/usr/bin/docker-registry") || !File.Exists("/usr/bin/skopeo"))
        {
            Assert.True(Environment.GetEnvironmentVariable("CI") != "true", "docker-registry or skopeo is not installed");
            Assert.Skip("docker-registry or skopeo is not installed");
        }
        _folder = folder;
        _locked = locked;
        Directory.CreateDirectory(folder);
        int port = FreePort();
        Host = $"127.0.0.1:{port}";
        File.WriteAllText(Path.Combine(folder, "passwords"), Passwords);
        File.WriteAllText(Path.Combine(folder, "config.yml"), $"""
            version: 0.1
            storage:
              filesystem:
                rootdirectory: {folder}/storage
            http:
              addr: {Host}
            {(locked ? $"auth:\n  htpasswd:\n    realm: test\n    path: {folder}/passwords" : "")}
            """);
        _server = RunningTool.Start(["/usr/bin/docker-registry", "serve", Path.Combine(folder, "config.yml")]);
        Wait();
    }

    public string Host { get; }

    public string Url => $"http://{Host}";

    /// <summary>Copies images with skopeo into it.</summary>
    public void Push(string from, string name, params string[] options) => Tool.Run(
        ["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", .. _locked ? ["--dest-creds", "tester:secret"] : Array.Empty<string>(), .. options, from, $"docker://{Host}/{name}"],
        null).OrThrow();

    /// <summary>Where it keeps a blob.</summary>
    public string PathOf(string digest) => Path.Combine(_folder, "storage/docker/registry/v2/blobs/sha256", digest[7..9], digest[7..], "data");

    public void Dispose() => _server.Dispose();

    private void Wait()
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                using var socket = new TcpClient();
                socket.Connect(IPEndPoint.Parse(Host));
                return;
            }
            catch (SocketException) when (tries < 300)
            {
                Thread.Sleep(20);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
