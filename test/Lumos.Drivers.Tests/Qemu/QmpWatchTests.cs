using System.Text;
using Lumos.Core;
using Lumos.Drivers.Qemu;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Linux.Sockets;
using Xunit;

namespace Lumos.Drivers.Tests.Qemu;

/// <summary>Listening to one that speaks QMP, well or badly.</summary>
public sealed class QmpWatchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-qmp-").FullName;
    private readonly UnixSocket _listens;
    private readonly QmpWatch _watch;
    private readonly UnixSocket _qemu;

    public QmpWatchTests()
    {
        string path = Path.Combine(_folder, "events");
        Assert.Equal(QmpClient.Silent, Assert.Throws<LumosException>(() => QmpWatch.Connect(path)).Code);
        _listens = UnixSocket.Listen(path);
        _watch = QmpWatch.Connect(path);
        Assert.True(Readiness.IsReadable(_listens.Descriptor, TimeSpan.FromSeconds(20)));
        _qemu = _listens.Accept()!;
    }

    public void Dispose()
    {
        _qemu.Dispose();
        _watch.Dispose();
        _listens.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Events_and_answers_come_as_they_are_said_and_nothing_waits()
    {
        Assert.Equal([], _watch.Take(out int none)!);
        Assert.Equal(0, none);
        Say("""{"QMP": {}}""" + "\r\n");
        Assert.Equal([new QmpMessage.Hello()], _watch.Take(out _)!);
        _watch.Send("query-status");
        Say("""{"return": {}, "id": "qmp_capabilities"}""" + "\n" + """{"event": "RESET", "da""");
        Assert.Equal([], _watch.Take(out _)!);
        Say("""ta": {"guest": true}}""" + "\n" + """{"return": {"status": "paused"}, "id": "query-status"}""" + "\n" + """{"event": {}}""" + "\n");
        var said = _watch.Take(out _)!;
        Assert.Equal(2, said.Count);
        Assert.True((bool)Assert.IsType<QmpMessage.Event>(said[0]).Data["guest"]!);
        Assert.Equal("paused", (string?)Assert.IsType<QmpMessage.Answer>(said[1]).Value!["status"]);
        byte[] heard = new byte[1000];
        Assert.Equal("""{"execute":"qmp_capabilities","id":"qmp_capabilities"}""" + "\n" + """{"execute":"query-status","id":"query-status"}""" + "\n",
            Encoding.UTF8.GetString(heard.AsSpan(0, _qemu.Descriptor.Read(heard))));
        _qemu.Dispose();
        Assert.Null(_watch.Take(out _));
        Assert.Throws<LumosException>(() => _watch.Send("cont"));
    }

    [Theory]
    [InlineData("hello\n", "not JSON")]
    [InlineData("[]\n", "not an object")]
    [InlineData("{}\n", "does not speak QMP")]
    public void Who_does_not_speak_it_is_told_apart(string says, string words)
    {
        Say(says);
        Assert.Contains(words, Assert.Throws<LumosException>(() => _watch.Take(out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_without_end_is_not_kept()
    {
        _qemu.Descriptor.SetNonBlocking();
        byte[] endless = new byte[16384];
        Array.Fill(endless, (byte)' ');
        Assert.Contains("does not end", Assert.Throws<LumosException>(() =>
        {
            for (int n = 0; n < 100; n++)
            {
                _ = _qemu.Descriptor.Write(endless);
                _watch.Take(out _);
            }
        }).Message, StringComparison.Ordinal);
    }

    private void Say(string text) => _qemu.Descriptor.WriteAll(Encoding.UTF8.GetBytes(text));
}
