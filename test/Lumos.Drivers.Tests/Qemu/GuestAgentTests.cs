using System.Text;
using Lumos.Core;
using Lumos.Drivers.Qemu;
using Lumos.Testing;
using Xunit;

namespace Lumos.Drivers.Tests.Qemu;

/// <summary>The agent of a guest, well or hostile.</summary>
public sealed class GuestAgentTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), Short = TimeSpan.FromMilliseconds(300);

    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-qga-").FullName;

    private string Socket => Path.Combine(_folder, "qga");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void It_is_heard_behind_what_others_left_and_its_refusals_are_told()
    {
        using var guest = new ScriptedAgent(Socket, (command, _) => command == "guest-fsfreeze-freeze" ? """{"return": 2}""" : """{"error": {"class": "GenericError", "desc": "no\u001b[1m such thing"}}""")
        {
            Before = "{\"return\": 17}\n{\"ret",
        };
        using var agent = GuestAgent.Connect(Socket, Patience);
        Assert.Equal(2, (int)agent.Execute("guest-fsfreeze-freeze", Patience)!);
        var refused = Assert.Throws<LumosException>(() => agent.Execute("guest-exec", Patience));
        Assert.Equal((GuestAgent.Refused, "the guest's agent refuses guest-exec: no[1m such thing"), (refused.Code, refused.Message));
        Assert.Equal(["guest-fsfreeze-freeze", "guest-exec"], guest.Heard);
    }

    [Fact]
    public void One_that_is_not_there_is_told_at_once_and_one_that_is_silent_soon()
    {
        Assert.Contains("not started with a port", Assert.Throws<LumosException>(() => GuestAgent.Connect(Socket, Patience)).Message, StringComparison.Ordinal);
        using var guest = new ScriptedAgent(Socket, (_, _) => null) { Syncs = false };
        var silent = Assert.Throws<LumosException>(() => GuestAgent.Connect(Socket, Short));
        Assert.Equal((GuestAgent.Silent, "no agent answers in the guest"), (silent.Code, silent.Message));
    }

    [Theory]
    [InlineData("no JSON\n", "is no agent")]
    [InlineData("[]\n", "is no agent")]
    [InlineData(null, "no agent answers")]
    public void What_is_no_answer_is_no_success(string? says, string words)
    {
        using var guest = new ScriptedAgent(Socket, (_, _) => says);
        using var agent = GuestAgent.Connect(Socket, Patience);
        Assert.Contains(words, Assert.Throws<LumosException>(() => agent.Execute("guest-fsfreeze-freeze", Short)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_that_talks_without_end_is_left()
    {
        using var guest = new ScriptedAgent(Socket, (_, _) => new string('x', 400 << 10));
        using var agent = GuestAgent.Connect(Socket, Patience);
        Assert.Contains("does not end", Assert.Throws<LumosException>(() => agent.Execute("guest-info", Patience)).Message, StringComparison.Ordinal);
    }
}
