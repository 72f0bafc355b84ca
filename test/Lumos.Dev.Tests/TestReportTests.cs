using System.Xml.Linq;
using Xunit;

namespace Lumos.Dev.Tests;

public class TestReportTests
{
    [Fact]
    public void Counts_failures_and_skips_come_from_the_report()
    {
        var report = TestReport.Parse(XDocument.Parse("""
            <assemblies><assembly passed="3" failed="1" skipped="1" errors="1" total="5">
              <errors><error type="assembly-cleanup" name="fixture"><failure><message>left a mount</message></failure></error></errors>
              <collection><test name="T.A" result="Fail"><failure><message>expected 1</message><stack-trace>at A</stack-trace></failure><output>serial log: /x</output></test>
              <test name="T.B" result="Skip"><reason>no root</reason></test><test name="T.C" result="Pass"/></collection>
            </assembly></assemblies>
            """));
        Assert.Equal("3 passed, 2 failed, 1 skipped", report.Counts.ToString());
        Assert.Equal(["T.A", "assembly-cleanup fixture"], report.Failures.Select(f => f.Name));
        Assert.Contains("expected 1", report.Failures[0].Message);
        Assert.Contains("serial log: /x", report.Failures[0].Message);
        Assert.Equal("no root", Assert.Single(report.Skips).Message);
    }
}
