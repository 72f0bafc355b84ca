using Lumos.Cli;
using Lumos.Core;
using Lumos.Services.Power;
using Xunit;

namespace Lumos.Services.Tests;

public class PowerTests
{
    private sealed class Recorder : IPid1
    {
        internal List<string> Did { get; } = [];

        public void Request(PowerState state) => Did.Add($"request {state}");

        public void EndAtOnce(PowerState state, bool sync) => Did.Add($"at once {state}{(sync ? "" : " without sync")}");

        public void Warn(string text) => Did.Add(text);
    }

    private static AppletContext Context(string name, string input, params string[] args) =>
        new() { Name = name, Args = args, In = new StringReader(input), Error = new StringWriter() };

    [Fact]
    public void Shutdown_warns_at_the_reminders_and_then_asks()
    {
        var pid1 = new Recorder();
        var waited = new List<double>();
        int status = ShutdownCommand.Run(
            Context("shutdown", "", "-y", "-g", "100", "-i6", "disk", "swap"), pid1, t => waited.Add(t.TotalSeconds));
        Assert.Equal(0, status);
        Assert.Equal([40, 30, 20, 10], waited);
        Assert.Equal("This system reboots in 100 seconds. disk swap", pid1.Did[0]);
        Assert.Equal("This system reboots in 10 seconds. disk swap", pid1.Did[3]);
        Assert.Equal(["This system reboots now. disk swap", "request Reboot"], pid1.Did[^2..]);
    }

    [Fact]
    public void Shutdown_without_y_asks_and_takes_no_for_an_answer()
    {
        var pid1 = new Recorder();
        Assert.Equal(1, ShutdownCommand.Run(Context("shutdown", "n\n", "-g0", "-i5"), pid1));
        Assert.Equal(["The shutdown was called off."], pid1.Did);
        Assert.Equal(0, ShutdownCommand.Run(Context("shutdown", "y\n", "-g0", "-i5"), pid1));
        Assert.Equal("request PowerOff", pid1.Did[^1]);
    }

    [Theory]
    [InlineData("-y")]
    [InlineData("-yis")]
    [InlineData("-yi3")]
    [InlineData("-yi6 -gx")]
    public void Shutdown_refuses_what_it_cannot_do(string words)
    {
        var pid1 = new Recorder();
        Assert.Throws<UsageException>(() => ShutdownCommand.Run(Context("shutdown", "", words.Split(' ')), pid1));
        Assert.Empty(pid1.Did);
    }

    [Fact]
    public void Init_levels_and_quick_ends()
    {
        var pid1 = new Recorder();
        PowerApplets.Init(Context("init", "", "0"), pid1);
        PowerApplets.Init(Context("init", "", "6"), pid1);
        PowerApplets.Simple(Context("halt", "", "-ly"), PowerState.Halt, pid1);
        PowerApplets.Simple(Context("reboot", "", "-q"), PowerState.Reboot, pid1);
        PowerApplets.Simple(Context("reboot", "", "-nq"), PowerState.Reboot, pid1);
        Assert.Equal(["request Halt", "request Reboot", "request Halt", "at once Reboot", "at once Reboot without sync"], pid1.Did);
        Assert.Throws<UsageException>(() => PowerApplets.Init(Context("init", "", "S"), pid1));
        Assert.Throws<UsageException>(() => PowerApplets.Simple(Context("reboot", "", "-d"), PowerState.Reboot, pid1));
    }

    [Fact]
    public void Another_process_1_is_left_alone()
    {
        // These tests never run under lumos-init.
        var error = Assert.Throws<LumosException>(() => new LumosInit().Request(PowerState.Reboot));
        Assert.Contains(error.Code, new[] { "NotLumosInit", "NotRoot" });
    }
}
