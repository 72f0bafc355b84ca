using System.Security.Cryptography;
using Lumos.Images.Tests.Archives;
using Lumos.Testing;
using Xunit;

namespace Lumos.Images.Tests.Files;

/// <summary>imgadm install -f URL: with a sum that is right, and without one, or with a wrong one.</summary>
[Trait("level", "host")]
public sealed class RemoteFileTests(BtrfsMachine machine) : IClassFixture<BtrfsMachine>
{
    private readonly byte[] _file = new TarBuilder().File("etc/motd", "from afar").End();

    private string Sum => Convert.ToHexStringLower(SHA256.HashData(_file));

    [Fact]
    public void A_file_of_a_server_is_installed_and_its_download_goes()
    {
        using var server = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(200, _file));
        var image = machine.Install("-f", server.Url + "/pool/root-13.1.tar", "--sha256", Sum);
        Assert.Equal("root-13.1", image.Manifest!.Name);
        Assert.Equal(Sum, (string?)image.Manifest["tags"]!["org.lumos:sha256"]);
        Assert.Empty(Directory.GetFileSystemEntries(machine.Paths.Downloads));
        Assert.Equal(0, machine.Imgadm("delete", $"{image.Uuid}").Status);
    }

    [Fact]
    public void A_cut_download_is_continued_at_once()
    {
        var asked = new List<string>();
        using var server = new ScriptedHttpServer(head =>
        {
            asked.Add(head);
            return asked.Count == 1
                ? ScriptedHttpServer.Reply(200, _file[..700], _file.Length)
                : ScriptedHttpServer.Reply(206, _file[700..], null, $"Content-Range: bytes 700-{_file.Length - 1}/{_file.Length}");
        });
        var image = machine.Install("-f", server.Url + "/r.tar", "--sha256", Sum);
        Assert.Contains("bytes=700-", asked[1], StringComparison.Ordinal);
        Assert.Equal(0, machine.Imgadm("delete", $"{image.Uuid}").Status);
    }

    [Theory]
    [InlineData(20_000)] // longer than the file: the server says 416
    [InlineData(700)] // goes on as another file does
    public void What_an_earlier_try_left_of_another_file_is_given_up(int length)
    {
        string folder = Directory.CreateDirectory(Path.Combine(machine.Paths.Downloads, Sum)).FullName;
        File.WriteAllBytes(Path.Combine(folder, "r.tar"), TestImage.Noise(length));
        using var server = new ScriptedHttpServer(head =>
            !head.Contains("Range:", StringComparison.Ordinal) ? ScriptedHttpServer.Reply(200, _file)
            : length > _file.Length ? ScriptedHttpServer.Reply(416, [])
            : ScriptedHttpServer.Reply(206, _file[length..], null, $"Content-Range: bytes {length}-{_file.Length - 1}/{_file.Length}"));
        var image = machine.Install("-f", server.Url + "/r.tar", "--sha256", Sum);
        Assert.Empty(Directory.GetFileSystemEntries(machine.Paths.Downloads));
        Assert.Equal(0, machine.Imgadm("delete", $"{image.Uuid}").Status);
    }

    [Fact]
    public void A_sum_is_needed_and_has_to_be_right()
    {
        using var server = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(200, _file));
        string url = server.Url + "/r.tar", wrong = new('0', 64);
        Assert.Equal(2, machine.Imgadm("install", "-f", url).Status);
        Assert.Equal(2, machine.Imgadm("install", "-f", url, "--sha256", "12").Status);
        Assert.Contains($"has the SHA-256 {Sum}, not {wrong}", machine.Refused("-f", url, "--sha256", wrong), StringComparison.Ordinal);
        File.WriteAllBytes(machine["local.tar"], _file);
        Assert.Contains($"has the SHA-256 {Sum}, not {wrong}", machine.Refused("-f", machine["local.tar"], "--sha256", wrong), StringComparison.Ordinal);
    }
}
